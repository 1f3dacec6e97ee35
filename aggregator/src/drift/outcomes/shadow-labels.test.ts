import { describe, expect, test } from "vitest";
import type { ModelName } from "@fedge/protocol";
import { memoryDriftStore } from "../testing/memory-drift-store.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import type { ReleaseRecord, ReleasedView } from "../releases/release-record.js";
import { ShadowEvidence } from "./shadow-evidence.js";
import { pooledShadowLabels } from "./shadow-labels.js";

const MODEL = "digits" as ModelName;
const HOUR_MS = 3_600_000;
const monitored = sampleMonitored({ outcomes: { numClasses: 2, output: "answer" } });

/** Both right, the version in use alone, the shadow alone, neither. */
type Judged = readonly [number, number, number, number];

function viewOf(window: number, judged: Judged, change: Partial<ReleasedView> = {}): ReleasedView {
  const cells = Array.from({ length: monitored.layout.numCells }, () => 0);
  cells.splice(monitored.layout.shadow.at, 4, ...judged);
  return {
    ...{ model: MODEL, version: 3, window, cohort: "", cells, numDevices: 50, numRows: 500 },
    ...{ numGroups: 10, t: 2.2621571627409915, features: [], withheld: [], verdict: "ok" },
    outcomeErrors: { shadowDifference: 0.02 },
    ...change,
  };
}

describe("labels of several windows", () => {
  test("are added up, and their errors as well, each by its share of the labels", () => {
    const found = pooledShadowLabels(monitored, [
      viewOf(7, [40, 10, 30, 20]),
      viewOf(8, [60, 20, 20, 100], { numGroups: 12, t: 2.2, outcomeErrors: { shadowDifference: 0.03 } }),
    ]);

    expect(found).toMatchObject({ bothRight: 100, onlyServed: 30, onlyShadow: 50, bothWrong: 120 });
    // (50 - 30) / 300, with an error of (100 * 0.02 + 200 * 0.03) / 300 = 8 / 300: t is 2.5 with 9 degrees of freedom.
    expect(found?.difference).toBeCloseTo(20 / 300, 14);
    // scipy: 2 * stats.t.sf(2.5, 9), and stats.t.ppf(0.975, 9) = 2.262157162741.
    expect(found?.pValue).toBeCloseTo(0.03386182768, 10);
    expect(found?.interval?.[0]).toBeCloseTo((20 - 8 * 2.2621571627409915) / 300, 12);
    expect(found?.interval?.[1]).toBeCloseTo((20 + 8 * 2.2621571627409915) / 300, 12);
  });

  test("have no interval where the groups of one of them are too few for an error", () => {
    const windows = [viewOf(7, [4, 1, 3, 2]), viewOf(8, [4, 1, 3, 2], { outcomeErrors: {} })];

    expect(pooledShadowLabels(monitored, windows)).toMatchObject({ interval: null, pValue: null });
  });

  test("do not need an error of a window without any", () => {
    const windows = [viewOf(7, [4, 1, 3, 2]), viewOf(8, [0, 0, 0, 0], { outcomeErrors: {} })];

    expect(pooledShadowLabels(monitored, windows)?.pValue).not.toBeNull();
  });

  test.each<[string, Judged, number]>([
    ["that never differ", [9, 0, 0, 1], 1],
    // Each of 50 heads or tails: twice 2 to the -50th.
    ["of which only the shadow's are right", [0, 0, 50, 0], 2 ** -49],
  ])(
    "%s have no interval, for groups that are alike say nothing of chance, and the rows' own p",
    (_, judged, p) => {
      const alike = viewOf(7, judged, { outcomeErrors: { shadowDifference: 0 } });

      const found = pooledShadowLabels(monitored, [alike]);

      expect(found?.interval).toBeNull();
      expect((found?.pValue ?? 0) / p).toBeCloseTo(1, 12);
    },
  );

  test("are none where nothing was labelled", () => {
    expect(pooledShadowLabels(monitored, [viewOf(7, [0, 0, 0, 0])])).toBeNull();
  });
});

describe("evidence on a shadow", () => {
  async function openEvidence() {
    const store = memoryDriftStore();
    let numReadings = 0;
    const evidence = new ShadowEvidence({
      versions: { of: async () => monitored },
      store: {
        listReleases: store.listReleases,
        listViews: (query) => {
          numReadings += 1;
          return store.listViews(query);
        },
      },
    });
    const release = (window: number, judged: Judged): Promise<boolean> =>
      store.saveRelease(
        { release: releaseOf(window), views: [viewOf(window, judged)] },
        { alerts: [], deliveries: [] },
        { numWindows: 400 },
      );
    const since = (sinceMs: number) => evidence.of({ model: MODEL, version: 3, sinceMs });
    return { release, since, numReadings: () => numReadings };
  }

  test("is of windows that began after the shadow, for an older one may have run before it", async () => {
    const { release, since } = await openEvidence();
    for (const window of [7, 8, 9]) await release(window, [window, 1, 1, 0]);

    expect((await since(8 * HOUR_MS))?.bothRight).toBe(8 + 9);
    expect((await since(8 * HOUR_MS + 1))?.bothRight).toBe(9);
    expect(await since(10 * HOUR_MS)).toBeNull();
  });

  test("is read again only after another window was released", async () => {
    const { release, since, numReadings } = await openEvidence();
    await release(7, [5, 1, 1, 0]);
    await since(0);
    await since(0);
    expect(numReadings()).toBe(1);

    await release(8, [6, 1, 1, 0]);

    expect((await since(0))?.bothRight).toBe(11);
    expect(numReadings()).toBe(2);
  });

  test("is read again after a window was released that is older than the newest", async () => {
    const { release, since } = await openEvidence();
    await release(8, [6, 1, 1, 0]);
    await since(0);

    await release(7, [5, 1, 1, 0]);

    expect((await since(0))?.bothRight).toBe(11);
  });

  test("is none before the first release", async () => {
    expect(await (await openEvidence()).since(0)).toBeNull();
  });
});

function releaseOf(window: number): ReleaseRecord {
  return {
    ...{ model: MODEL, version: 3, layoutSha256: monitored.profile.layoutSha256, window },
    ...{
      beginsAtMs: window * HOUR_MS,
      endsAtMs: (window + 1) * HOUR_MS,
      releasedAtMs: (window + 2) * HOUR_MS,
    },
    ...{ numDevices: 50, numRows: 500, verdict: "ok", reason: "", numTests: 0, driftedShare: 0 },
    ...{ shown: [""], suppressed: [], withheld: [] },
  };
}
