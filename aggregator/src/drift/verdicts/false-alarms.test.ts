import { describe, expect, test } from "vitest";
import { normalFeature, sampleMonitored } from "../testing/sample-profile.js";
import { isAlarming, SimulatedFleet, type FleetShape } from "../testing/simulated-fleet.js";

/*
 * The whole rule on simulated fleets. FEDGE_DRIFT_FLEETS and FEDGE_DRIFT_SEED make it larger, or another one: the rule
 * has to hold whatever the seed.
 */
const NUM_FLEETS = Number(process.env["FEDGE_DRIFT_FLEETS"] ?? "10");
const SEED = process.env["FEDGE_DRIFT_SEED"] ?? "fleets";
const FEATURES = Array.from({ length: 50 }, (_, at) => normalFeature(`f${at}`));
const MONITORED = sampleMonitored({ features: FEATURES });
const LONG_MS = 20_000 + 6000 * NUM_FLEETS;

function fleet(at: number, change: Partial<FleetShape> = {}): SimulatedFleet {
  const shape = { monitored: MONITORED, numDevices: 200, numRows: 50, correlation: 0.2 };
  return new SimulatedFleet({ ...shape, seed: `${SEED}/${at}`, ...change });
}

describe("fleets of 50 features and 200 devices whose rows are alike (correlation 0.2), without drift", () => {
  test(
    `raise an alarm in at most 5 % of ${NUM_FLEETS}, also by cohort, and their tests keep their level (seed ${SEED})`,
    () => {
      let numAlarming = 0;
      let [numTests, numBelow] = [0, 0];
      for (let at = 0; at < NUM_FLEETS; at += 1) {
        const one = fleet(at, { cohortsOf: (device) => [`platform=${device % 3}`] });
        const first = one.nextWindow();
        const features = first.views.flatMap((view) => (view.cohort === "" ? view.features : []));
        const tests = features.flatMap(({ logP }) => [logP.cells ?? 0, logP.mean ?? 0]);
        numTests += tests.length;
        numBelow += tests.filter((logP) => logP <= Math.log(0.05)).length;
        const isSuspicious = first.views.some((view) => view.features.some((each) => each.isExceeded));
        // Drift takes two windows: a fleet whose first is quiet cannot alarm in its second.
        const isAlarmed = isAlarming(first) || (isSuspicious && isAlarming(one.nextWindow()));
        numAlarming += Number(isAlarmed);
      }
      console.info(`${numAlarming} of ${NUM_FLEETS} fleets; ${numBelow} of ${numTests} tests at 5 %`);

      expect(numAlarming).toBeLessThanOrEqual(0.05 * NUM_FLEETS);
      // Four standard deviations of a binomial share around the nominal level.
      const sd = Math.sqrt((0.05 * 0.95) / numTests);
      expect(numBelow / numTests).toBeGreaterThan(0.05 - 4 * sd - 0.01);
      expect(numBelow / numTests).toBeLessThan(0.05 + 4 * sd + 0.01);
    },
    LONG_MS,
  );
});

describe("drift", () => {
  test(
    "of a quarter of a standard deviation in one of 50 features is found within two windows",
    () => {
      for (let at = 0; at < Math.max(2, NUM_FLEETS / 10); at += 1) {
        const drifting = fleet(at, {
          numDevices: 1000,
          change: (value, { feature }) => (feature === 7 ? value + 0.25 : value),
        });
        drifting.nextWindow();
        const { release, views } = drifting.nextWindow();

        expect(release.verdict).toBe("drift");
        const drifted = views[0]?.features.filter(({ verdict }) => verdict === "drift");
        expect(drifted?.map(({ name }) => name)).toEqual(["f7"]);
      }
    },
    LONG_MS,
  );

  test("of one cohort is found by cohort, though the whole hides it", () => {
    const drifting = fleet(0, {
      monitored: sampleMonitored(),
      numDevices: 400,
      cohortsOf: (device) => [`platform=${device % 4}`],
      // The others move the other way a little, so that the fleet's shares stay where they were.
      change: (value, { device, feature }) => {
        if (feature !== 0) return value;
        return device % 4 === 0 ? value + 0.6 : value - 0.2;
      },
    });
    drifting.nextWindow();
    const { release, views } = drifting.nextWindow();

    const verdicts = Object.fromEntries(
      views.map((view) => [view.cohort, view.features.map(({ verdict }) => verdict)]),
    );
    expect(verdicts["platform=0"]).toEqual(["drift", "ok"]);
    expect(verdicts[""]).toEqual(["ok", "ok"]);
    expect(release.verdict).toBe("drift");
  });

  test("is no drift after one window, but a warning", () => {
    const change: FleetShape["change"] = (value, { feature }) => (feature === 0 ? value + 0.5 : value);
    const first = fleet(0, { monitored: sampleMonitored(), change }).nextWindow();

    expect(first.release.verdict).toBe("warning");
  });

  test("of what the model predicts warns and does no more", () => {
    const features = [normalFeature("input"), normalFeature("score", { role: "score" })];
    const change: FleetShape["change"] = (value, { feature }) => (feature === 1 ? value + 0.5 : value);
    const drifting = fleet(0, { monitored: sampleMonitored({ features }), change });
    drifting.nextWindow();

    expect(drifting.nextWindow().release.verdict).toBe("warning");
  });
});

test("a fifth of a feature's values missing in one window is broken data at once", () => {
  for (let at = 0; at < 2; at += 1) {
    const { release, views } = fleet(at, {
      change: (value, { feature, chance }) => (feature === 3 && chance < 0.2 ? null : value),
    }).nextWindow();

    expect(release.verdict).toBe("broken_data");
    const broken = views[0]?.features.filter(({ verdict }) => verdict === "broken_data");
    expect(broken?.map(({ name }) => name)).toEqual(["f3"]);
  }
});

test("fewer devices than a cohort takes give no verdict and no counts", () => {
  const { release, views } = fleet(0, { monitored: sampleMonitored(), numDevices: 49 }).nextWindow();

  expect(release).toMatchObject({ verdict: "not_enough_data", numDevices: null, numRows: null });
  expect(views).toEqual([]);
});
