import { createRandom } from "@fedge/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import type { AlertRecord } from "../alerts/alert-record.js";
import type { Change } from "../simulated/fleet-vectors.js";
import { FastNormal } from "../simulated/fast-normal.js";
import { normalVersion } from "../simulated/normal-profile.js";
import { LiveFleet, type LiveFleetShape } from "../testing/live-fleet.js";

/*
 * The server's whole rule on simulated fleets: intake, sums, releases and alerts are its own. FEDGE_DRIFT_FLEETS and
 * FEDGE_DRIFT_SEED make it larger, or another one: the rule has to hold whatever the seed. `npm run drift:fleets` is the
 * form with a thousand.
 */
const NUM_FLEETS = Number(process.env["FEDGE_DRIFT_FLEETS"] ?? "20");
const NUM_DRIFTING = Math.max(3, Math.round(NUM_FLEETS / 10));
const SEED = process.env["FEDGE_DRIFT_SEED"] ?? "fleets";
const LONG_MS = 120_000 + 20_000 * NUM_FLEETS;
const DRIFTED = 7;
const LABEL = 0;

let normal: FastNormal;
beforeAll(() => {
  normal = new FastNormal(createRandom("table"));
});

/** Fifty features, 200 devices in three cohorts, 50 rows each that are alike, unless it is said otherwise. */
function open(name: string, change: Partial<LiveFleetShape> = {}): Promise<LiveFleet> {
  const shape = { numDevices: 200, numRows: 50, correlation: 0.2, normal, seed: `${SEED}/${name}` };
  return LiveFleet.open({ ...shape, platformOf: (device) => `p${device % 3}`, ...change });
}

const told = (alerts: readonly AlertRecord[]): string[] =>
  alerts.map(({ evidence }) => `${evidence.kind} ${evidence.feature} ${evidence.cohort}`);

describe(`fleets without drift whose devices' rows are alike (seed ${SEED})`, () => {
  test(
    `raise an alarm, over all or in a cohort, in at most 5 % of ${NUM_FLEETS}, and their tests keep their level`,
    async () => {
      let numAlarming = 0;
      let [numTests, numCells, numMeans] = [0, 0, 0];
      for (let at = 0; at < NUM_FLEETS; at += 1) {
        const fleet = await open(`quiet/${at}`);
        const whole = await fleet.nextWindow();
        await fleet.nextWindow();
        const alerts = await fleet.alerts();
        numAlarming += Number(alerts.length > 0);
        if (alerts.length > 0) console.info(`fleet ${at}: ${alerts[0]?.evidence.text}`);
        for (const { logP } of whole.views[0]?.features ?? []) {
          numTests += 1;
          numCells += Number((logP.cells ?? 0) <= Math.log(0.05));
          numMeans += Number((logP.mean ?? 0) <= Math.log(0.05));
        }
      }
      const percent = (num: number): string => `${((100 * num) / numTests).toFixed(2)} %`;
      console.info(
        `${numAlarming} of ${NUM_FLEETS} fleets alarm; at a level of 5 %, ${percent(numCells)} of cell tests and ${percent(numMeans)} of mean tests`,
      );

      expect(numAlarming).toBeLessThanOrEqual(0.05 * NUM_FLEETS);
      // Four standard deviations of a binomial share, and 2.5 points for an approximation from 32 groups.
      const slack = 4 * Math.sqrt((0.05 * 0.95) / numTests) + 0.025;
      for (const num of [numCells, numMeans]) expect(Math.abs(num / numTests - 0.05)).toBeLessThan(slack);
    },
    LONG_MS,
  );
});

describe("labels", () => {
  /** A label before 49 inputs: whether devices reported must not be read from it. */
  const withLabel = (seed: string, numFeatures = 50) => {
    const { profile, ...rest } = normalVersion(normal.seeded(seed), { numFeatures });
    const source = { take: "value", of: "label", name: "label", at: 0 } as const;
    const features = profile.features.map((feature, at) =>
      at === LABEL ? { ...feature, role: "label" as const, source } : feature,
    );
    return { ...rest, profile: { ...profile, features } };
  };

  test(
    `of four rows in ten, and of no row of every tenth device, are nothing to be told, in ${NUM_DRIFTING} fleets`,
    async () => {
      for (let at = 0; at < NUM_DRIFTING; at += 1) {
        const fleet = await open(`labels/${at}`, {
          monitored: withLabel(`labels/${at}`),
          change: (device, feature) =>
            feature === LABEL ? { absent: device % 10 === 0 ? 1 : 0.6 } : undefined,
        });
        const [{ views }] = [await fleet.nextWindow(), await fleet.nextWindow()];

        expect(told(await fleet.alerts())).toEqual([]);
        const whole = views.find(({ cohort }) => cohort === "");
        // 180 devices by 50 rows by 0.4, within five standard deviations of 46.5.
        expect(Math.abs((whole?.features[LABEL]?.numRows ?? 0) - 3600)).toBeLessThan(233);
        expect(whole).toMatchObject({ numDevices: 200, numRows: 10_000 });
        expect(whole?.features[LABEL]).toMatchObject({ verdict: "ok", missing: { value: 0 } });
      }
    },
    LONG_MS,
  );

  test.each<[string, Change, string]>([
    ["whose values changed warn", { absent: 0.6, shift: 0.5 }, "warning"],
    ["that are missing values, each of them, warn", { missing: 1 }, "warning"],
    ["that hardly any row has are not judged", { absent: 0.995 }, "ok"],
  ])("%s, and are never broken data", async (_, change, verdict) => {
    const fleet = await open("changed labels", {
      monitored: withLabel("changed labels", 2),
      change: (__, feature) => (feature === LABEL ? change : undefined),
    });
    await fleet.nextWindow();
    const { release } = await fleet.nextWindow();
    const alerts = await fleet.alerts();

    expect(release.verdict).toBe(verdict);
    expect(alerts.map(({ evidence: { kind, severity } }) => [kind, severity])).toEqual(
      verdict === "ok" ? [] : [["prediction-drift", "warning"]],
    );
  });
});

describe("drift", () => {
  test(
    `of a quarter of a standard deviation in one of 50 features of 1,000 devices alarms within two windows, in 95 % of ${NUM_DRIFTING} fleets`,
    async () => {
      let numFound = 0;
      for (let at = 0; at < NUM_DRIFTING; at += 1) {
        const fleet = await open(`drifting/${at}`, {
          numDevices: 1000,
          change: (_, feature) => (feature === DRIFTED ? { shift: 0.25 } : undefined),
        });
        await fleet.nextWindow();
        await fleet.nextWindow();
        const alerts = await fleet.alerts();
        numFound += Number(told(alerts).includes(`drift f${DRIFTED} `));
        // What did not drift is not told.
        expect(new Set(alerts.map(({ evidence }) => evidence.feature))).toEqual(new Set([`f${DRIFTED}`]));
        expect(await fleet.calls()).toHaveLength(1);
      }
      console.info(`${numFound} of ${NUM_DRIFTING} drifting fleets found`);

      expect(numFound).toBeGreaterThanOrEqual(0.95 * NUM_DRIFTING);
    },
    LONG_MS,
  );

  test.each([
    { of: "of some rows of every device", missing: () => 0.2 },
    { of: "of all rows of a fifth of the devices", missing: (device: number) => Number(device % 5 === 0) },
  ])(
    `a fifth of a feature's values missing, $of, alarms in the first window, in all of ${NUM_DRIFTING} fleets`,
    async ({ missing }) => {
      for (let at = 0; at < NUM_DRIFTING; at += 1) {
        const fleet = await open(`missing/${at}`, {
          change: (device, feature) => (feature === DRIFTED ? { missing: missing(device) } : undefined),
        });
        await fleet.nextWindow();

        expect(told(await fleet.alerts())).toEqual([`data-broken f${DRIFTED} `]);
      }
    },
    LONG_MS,
  );

  test(
    `of one cohort is found there, though the whole hides it, in all of ${NUM_DRIFTING} fleets`,
    async () => {
      for (let at = 0; at < NUM_DRIFTING; at += 1) {
        const fleet = await open(`cohort/${at}`, {
          ...{ numDevices: 400, platformOf: (device: number) => `p${device % 4}` },
          // The others move the other way a little, so that the fleet's mean stays where it was.
          change: (device, feature) =>
            feature === DRIFTED ? { shift: device % 4 === 0 ? 0.6 : -0.2 } : undefined,
        });
        await fleet.nextWindow();
        const { views } = await fleet.nextWindow();

        expect(told(await fleet.alerts())).toEqual([`drift f${DRIFTED} platform=p0`]);
        // One of the fifty may warn by chance.
        expect(views.find(({ cohort }) => cohort === "")?.verdict).toMatch(/^(ok|warning)$/);
      }
    },
    LONG_MS,
  );

  test("is no drift after one window, but a warning that nobody is called for", async () => {
    const fleet = await open("warning", {
      change: (_, feature) => (feature === DRIFTED ? { shift: 0.5 } : undefined),
    });

    expect((await fleet.nextWindow()).release.verdict).toBe("warning");
    expect(await fleet.alerts()).toEqual([]);
  });

  test("of what the model predicts warns and does no more", async () => {
    const { model, version, profile, ...rest } = normalVersion(normal.seeded("soft"), { numFeatures: 2 });
    const features = profile.features.map((feature, at) => ({
      ...feature,
      role: at === 1 ? ("score" as const) : feature.role,
    }));
    const fleet = await open("soft", {
      monitored: { ...rest, model, version, profile: { ...profile, features } },
      change: (_, feature) => (feature === 1 ? { shift: 0.5 } : undefined),
    });
    await fleet.nextWindow();

    expect((await fleet.nextWindow()).release.verdict).toBe("warning");
    expect(told(await fleet.alerts())).toEqual(["prediction-drift f1 "]);
  });
});

test("fewer devices than a cohort takes give no verdict and no counts", async () => {
  const { release, views } = await (await open("few", { numDevices: 49 })).nextWindow();

  expect(release).toMatchObject({ verdict: "not_enough_data", numDevices: null, numRows: null });
  expect(views).toEqual([]);
});
