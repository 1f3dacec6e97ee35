import type { DeviceId, ModelName } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AlertRecord, Delivery } from "../../../drift/alerts/alert-record.js";
import type { DriftStore, SumChange, WholeRelease } from "../../../drift/drift-store.js";
import type { ReleaseRecord, ReleasedView } from "../../../drift/releases/release-record.js";
import type { WindowKey } from "../../../drift/sums/window-key.js";
import { sampleAlert } from "../../../drift/testing/sample-alert.js";
import { namesOf } from "../sample-records.js";

export interface OpenedDriftStore {
  readonly drift: DriftStore;
  close(): Promise<void>;
}

const LAYOUT = "a".repeat(64);
const NO_CHANGE: SumChange = { deltas: [], overlaps: [] };
const NO_ALERTS = { alerts: [], deliveries: [] };

/** What every store of drift does. One store serves all tests, each under a model of its own. */
export function describeDriftStore(name: string, open: () => Promise<OpenedDriftStore>): void {
  describe(`drift store on ${name}`, () => {
    let opened: OpenedDriftStore;
    let tests = 0;
    beforeAll(async () => {
      opened = await open();
    }, 120_000);
    afterAll(() => opened.close(), 60_000);

    const newModel = (): ModelName => namesOf(`drift-${(tests += 1)}`).model;
    const store = (): DriftStore => opened.drift;

    describeSums(store, newModel);
    describeReleases(store, newModel);
    describeAlerts(store, newModel);
    describeRefusals(store, newModel);
  });
}

type StoreOf = () => DriftStore;

function describeSums(store: StoreOf, newModel: () => ModelName): void {
  test("a device's window is new once, and what new ones add is summed modulo 2^32", async () => {
    const key = keyOf(newModel());
    const isNew = await store().countWindows(receiptsOf(key, ["a", "b", "a"]), () => ({
      ...NO_CHANGE,
      deltas: [{ key: { ...key, cohort: "", replicate: 3 }, vector: Uint32Array.of(1, 2 ** 32 - 1) }],
    }));
    const again = await store().countWindows(receiptsOf(key, ["b", "c"]), (fresh) => {
      expect(fresh).toEqual([false, true]);
      return {
        ...NO_CHANGE,
        deltas: [{ key: { ...key, cohort: "", replicate: 3 }, vector: Uint32Array.of(5, 2) }],
      };
    });

    expect([isNew, again]).toEqual([
      [true, true, false],
      [false, true],
    ]);
    expect(await store().sumsOf(key)).toEqual({
      sums: [{ cohort: "", replicate: 3, vector: Uint32Array.of(6, 1) }],
      overlaps: [],
    });
  });

  test("sums of cohorts, groups, layouts, windows and versions are apart; overlaps add up", async () => {
    const key = keyOf(newModel());
    const others = [{ layoutSha256: "b".repeat(64) }, { window: 11 }, { version: 2 }];
    const keys = [key, ...others.map((other) => ({ ...key, ...other }))];
    const add = (one: WindowKey, at: number): SumChange => ({
      deltas: ["", "os=x"].map((cohort) => ({
        key: { ...one, cohort, replicate: at },
        vector: Uint32Array.of(at),
      })),
      overlaps: [{ key: one, first: "os=x", second: "tz=y", numDevices: at + 1, numReporting: at + 3 }],
    });
    for (const [at, one] of keys.entries())
      for (const device of ["a", "b"])
        await store().countWindows(receiptsOf(one, [`${device}${at}`]), () => add(one, at));

    for (const [at, one] of keys.entries()) {
      const { sums, overlaps } = await store().sumsOf(one);
      expect(sums.map(({ cohort }) => cohort).sort()).toEqual(["", "os=x"]);
      expect(sums.map(({ replicate, vector }) => [replicate, [...vector]])).toEqual(
        Array(2).fill([at, [2 * at]]),
      );
      expect(overlaps).toMatchObject([
        { first: "os=x", second: "tz=y", numDevices: 2 * (at + 1), numReporting: 2 * (at + 3) },
      ]);
      expect((await store().cohortsOf(one)).sort()).toEqual(["", "os=x"]);
    }
    const its = (await store().openWindows()).filter(({ model }) => model === key.model);
    expect(its.sort(byText)).toEqual([...keys].sort(byText));
  });

  test("a change that fails leaves no receipt and no sum: the windows are new again", async () => {
    const key = keyOf(newModel());
    const failing = store().countWindows(receiptsOf(key, ["a"]), () => {
      throw new Error("of the test");
    });
    await expect(failing).rejects.toThrow();

    expect(await store().sumsOf(key)).toEqual({ sums: [], overlaps: [] });
    expect(await store().countWindows(receiptsOf(key, ["a"]), () => NO_CHANGE)).toEqual([true]);
  });
}

function describeReleases(store: StoreOf, newModel: () => ModelName): void {
  test("a release is kept once, and ends its window: sums are gone, and nothing of it counts any more", async () => {
    const key = keyOf(newModel());
    const deltas = [{ key: { ...key, cohort: "", replicate: 0 }, vector: Uint32Array.of(7) }];
    await store().countWindows(receiptsOf(key, ["a"]), () => ({ ...NO_CHANGE, deltas }));
    const whole = wholeOf(key, ["", "os=x"]);

    expect(await store().isReleased(key)).toBe(false);
    expect(await store().saveRelease(whole, NO_ALERTS, { numWindows: 10 })).toBe(true);
    expect(await store().saveRelease(wholeOf(key, []), NO_ALERTS, { numWindows: 10 })).toBe(false);

    expect(await store().isReleased(key)).toBe(true);
    expect(await store().getRelease(key.model, key.version, key.window)).toEqual(whole);
    expect(await store().sumsOf(key)).toEqual({ sums: [], overlaps: [] });
    expect((await store().openWindows()).filter(({ model }) => model === key.model)).toEqual([]);
    expect(await store().countWindows(receiptsOf(key, ["a", "z"]), () => NO_CHANGE)).toEqual([false, false]);
  });

  test("releases and views are listed newest first, and those beyond the windows that are kept are gone", async () => {
    const key = keyOf(newModel());
    for (const window of [1, 3, 2, 4])
      await store().saveRelease(wholeOf({ ...key, window }, [""]), NO_ALERTS, { numWindows: 3 });
    await store().saveRelease(wholeOf({ ...key, version: 2, window: 1 }, []), NO_ALERTS, { numWindows: 3 });
    const { model } = key;
    const windowsOf = (all: readonly { version: number; window: number }[]) =>
      all.map(({ version, window }) => [version, window]);

    const views = await store().listViews({ model, version: 1, cohort: "", limit: 10 });
    expect(windowsOf(views)).toEqual([
      [1, 4],
      [1, 3],
      [1, 2],
    ]);
    expect(windowsOf(await store().listReleases(model, { version: 1, limit: 2 }))).toEqual([
      [1, 4],
      [1, 3],
    ]);
    expect(windowsOf(await store().listReleases(model, { limit: 10 }))).toEqual([
      [1, 4],
      [1, 3],
      [1, 2],
      [2, 1],
    ]);
    const versions = (await store().releasedVersions()).filter((each) => each.model === model);
    expect(versions.map(({ version }) => version)).toEqual([2, 1]);
    expect(await store().listViews({ model, version: 1, cohort: "os=x", limit: 10 })).toEqual([]);
    expect(await store().getRelease(model, 1, 1)).toBeUndefined();
  });

  test("a release is kept with its alerts, or neither is", async () => {
    const key = keyOf(newModel());
    const open = alertOf(key.model, "first");
    await store().saveRelease(
      wholeOf(key, [""]),
      { alerts: [open], deliveries: [deliveryOf(open)] },
      { numWindows: 10 },
    );
    const next = { ...key, window: key.window + 1 };
    const conflict = store().saveRelease(
      wholeOf(next, [""]),
      { alerts: [alertOf(key.model, "second")], deliveries: [] },
      { numWindows: 10 },
    );

    await expect(conflict).rejects.toThrow();
    expect(await store().isReleased(next)).toBe(false);
    expect(await store().getAlert(open.alertId)).toEqual(open);
    expect(await store().getAlert(`${key.model}-second`)).toBeUndefined();
  });
}

function describeAlerts(store: StoreOf, newModel: () => ModelName): void {
  test("one alert of a subject is open at a time; after it is over, another may be", async () => {
    const model = newModel();
    const first = alertOf(model, "first");
    const second = alertOf(model, "second");
    await store().saveAlerts({ alerts: [first], deliveries: [] });

    await expect(store().saveAlerts({ alerts: [second], deliveries: [] })).rejects.toMatchObject({
      code: "VERSION_CONFLICT",
    });
    const over: AlertRecord = { ...first, state: "resolved", resolvedAtMs: 5 };
    await store().saveAlerts({ alerts: [over], deliveries: [] });
    await store().saveAlerts({ alerts: [second], deliveries: [] });

    expect(await store().getAlert(first.alertId)).toEqual(over);
    expect(await store().listAlerts({ model, limit: 10 })).toEqual([second, over]);
    expect(await store().listAlerts({ model, limit: 1 })).toEqual([second]);
    expect(await store().listAlerts({ model, isOpen: true, limit: 10 })).toEqual([second]);
    expect(await store().listAlerts({ model, isOpen: false, limit: 10 })).toEqual([over]);
  });

  test("webhook calls are pending, soonest first, until they are done or given up", async () => {
    const model = newModel();
    const alert = alertOf(model, "told");
    const calls = [30, 10, 20].map((nextAtMs): Delivery => ({
      ...deliveryOf(alert),
      deliveryId: `${model}-${nextAtMs}`,
      nextAtMs,
    }));
    await store().saveAlerts({ alerts: [alert], deliveries: calls });
    const pending = async (): Promise<Delivery[]> =>
      (await store().pendingDeliveries()).filter(({ alertId }) => alertId === alert.alertId);

    expect(await pending()).toEqual([calls[1], calls[2], calls[0]]);
    await store().saveDelivery({ ...(calls[1] as Delivery), state: "delivered", numAttempts: 1 });
    await store().saveDelivery({ ...(calls[2] as Delivery), state: "given-up", numAttempts: 10 });
    await store().saveDelivery({ ...(calls[0] as Delivery), numAttempts: 2, nextAtMs: 99 });
    expect(await pending()).toEqual([{ ...calls[0], numAttempts: 2, nextAtMs: 99 }]);
  });
}

function keyOf(model: ModelName): WindowKey {
  return { model, version: 1, layoutSha256: LAYOUT, window: 10 };
}

function byText(one: WindowKey, other: WindowKey): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

function receiptsOf(key: WindowKey, devices: readonly string[]) {
  return devices.map((device) => ({ deviceId: device as DeviceId, key }));
}

function alertOf(model: ModelName, name: string): AlertRecord {
  return { ...sampleAlert(), model, alertId: `${model}-${name}` };
}

function deliveryOf({ alertId }: AlertRecord): Delivery {
  return { deliveryId: `${alertId}-1`, alertId, state: "pending", numAttempts: 0, nextAtMs: 1, body: "{}" };
}

function wholeOf(
  { model, version, layoutSha256, window }: WindowKey,
  cohorts: readonly string[],
): WholeRelease {
  const release: ReleaseRecord = {
    ...{ model, version, layoutSha256, window, beginsAtMs: 0, endsAtMs: 1, releasedAtMs: 2 },
    ...{ numDevices: 60, numRows: 600, verdict: "ok", reason: "well", numTests: 1, driftedShare: 0 },
    ...{ shown: [...cohorts], suppressed: [{ cohort: "os=small", reason: "below-minimum" }] },
    withheld: [{ cohort: "", part: "labels", reason: "below-minimum" }],
  };
  const views = cohorts.map((cohort): ReleasedView => ({
    ...{ model, version, window, cohort, numDevices: 60, numRows: 600, numGroups: 12, t: 2.2 },
    ...{ cells: [1, 2, 3], features: [], outcomeErrors: { accuracy: 0.5 }, verdict: "ok" },
    withheld: [{ part: "labels", reason: "below-minimum" }],
  }));
  return { release, views };
}

function describeRefusals(store: StoreOf, newModel: () => ModelName): void {
  const ofModel = async (model: ModelName) => {
    const all = (await store().listRefusals()).filter((each) => each.model === model);
    return all.map(({ version, reason, numWindows }) => `${version} ${reason} ${numWindows}`).sort();
  };

  test("refusals of windows add up by version and reason", async () => {
    const model = newModel();
    const late = { model, version: 3, reason: "late", numWindows: 2 } as const;
    await store().addRefusals([late, { ...late, reason: "layout" }], { numVersions: 9 });
    await store().addRefusals(
      [
        { ...late, numWindows: 5 },
        { ...late, version: 4 },
      ],
      { numVersions: 9 },
    );

    expect(await ofModel(model)).toEqual(["3 late 7", "3 layout 2", "4 late 2"]);
  });

  test("refusals are kept of the newest versions of their model, and of no other model fewer", async () => {
    const [model, other] = [newModel(), newModel()];
    const late = { reason: "late", numWindows: 1 } as const;
    await store().addRefusals([{ ...late, model: other, version: 1 }], { numVersions: 2 });
    for (const version of [1, 2, 3])
      await store().addRefusals([{ ...late, model, version }], { numVersions: 2 });

    expect([await ofModel(model), await ofModel(other)]).toEqual([["2 late 1", "3 late 1"], ["1 late 1"]]);
  });
}
