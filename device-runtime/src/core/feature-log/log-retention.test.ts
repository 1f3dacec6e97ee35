import { describe, expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { ManualClock } from "../../testing/manual-clock.js";
import type { ByteStore } from "../ports/storage.js";
import "../on-demand.js";
import { FeatureLog } from "./feature-log.js";
import { loggedExamples } from "./labelled-examples.js";
import { limitsOf, type LogLimits } from "./log-limits.js";
import type { LogRow } from "./log-row.js";
import { firstIdAt } from "./prediction-ids.js";

const idAt = (at: number): string => `${firstIdAt(at)}-0000-a`;
const label = { shape: [1], data: BigInt64Array.of(1n) };

const rowAt = (at: number, more: Partial<LogRow> = {}): LogRow => ({
  ...{ id: idAt(at), atMs: at, model: "m", version: 1, outputs: null, fields: {}, label: null },
  ...{ inputs: { x: { shape: [1], data: Float32Array.of(at) } }, labelledAtMs: null, explanation: null },
  ...more,
});

interface World {
  readonly log: FeatureLog;
  readonly clock: ManualClock;
  readonly store: ByteStore;
}

async function open(limits: Partial<LogLimits>, store = createMemoryByteStore()): Promise<World> {
  const clock = new ManualClock(10_000);
  const log = new FeatureLog({
    ...{ store, clock, limits: limitsOf(limits) },
    ...{ onChange: () => undefined, onError: () => undefined },
  });
  await log.restore();
  return { log, clock, store };
}

/** What was begun by a timer is over when what is asked afterwards is. */
const settled = (log: FeatureLog): Promise<unknown> => log.flush();
const timesOf = async (log: FeatureLog): Promise<number[]> =>
  (await log.query({ limit: 1000 })).map(({ atMs }) => atMs);

describe("rows that grow too old on a device that does nothing", () => {
  test("go by a timer, each when it is too old", async () => {
    const { log, clock, store } = await open({ maxAgeMs: 5000 });
    for (const at of [8000, 10_000]) {
      log.append(rowAt(at, { label }));
      await log.flush();
    }
    const left: [number, number, number | undefined][] = [];
    const look = async (): Promise<void> => {
      await settled(log);
      const keys = await store.keys("log/rows/");
      left.push([log.numRows, keys.length, log.totals.numExamples["m"]]);
    };
    // The first is 5000 ms old at 13,000, which is not too old, and the second at 15,000.
    clock.advance(3000);
    await look();
    clock.advance(1);
    await look();
    clock.advance(2000);
    await look();

    expect(left).toEqual([
      [2, 2, 2],
      [1, 1, 1],
      [0, 0, undefined],
    ]);
  });

  test("go after a start that finds them young, without anything being asked", async () => {
    const first = await open({ maxAgeMs: 5000 });
    first.log.append(rowAt(10_000));
    await first.log.close();
    const { log, clock, store } = await open({ maxAgeMs: 5000 }, first.store);
    clock.advance(5001);
    await settled(log);

    expect([log.numRows, await store.keys("log/segments/")]).toEqual([0, []]);
  });

  test("are neither shown nor learned from while the disk does not let them go", async () => {
    const { log, clock, store } = await open({ maxAgeMs: 5000 });
    log.append(rowAt(9000, { label }));
    log.append(rowAt(10_000));
    await log.flush();
    store.write = () => Promise.reject(new Error("no room"));
    clock.advance(4500);

    expect(await timesOf(log)).toEqual([10_000]);
    await expect(loggedExamples(log, { model: "m", numClasses: null }, 10)).rejects.toMatchObject({
      code: "TRAINING_FAILED",
    });
  });

  test("need one timer, and none in an empty log, one without an age, and a closed one", async () => {
    const empty = await open({ maxAgeMs: 5000 });
    await empty.log.query();
    const endless = await open({ maxAgeMs: Infinity });
    endless.log.append(rowAt(10_000));
    await endless.log.flush();
    // One that waits to write what is written by now.
    endless.clock.advance(1000);
    await settled(endless.log);
    const aged = await open({ maxAgeMs: 50_000 });
    for (const at of [9000, 10_000]) {
      aged.log.append(rowAt(at));
      await aged.log.flush();
    }
    aged.clock.advance(1000);
    await settled(aged.log);
    const whileOpen = aged.clock.numTimers;
    await aged.log.close();
    await aged.log.flush();

    expect([empty, endless, aged].map(({ clock }) => clock.numTimers)).toEqual([0, 0, 0]);
    expect(whileOpen).toBe(1);
  });
});

describe("rows that wait to be written count", () => {
  test("in the status, as a query finds them", async () => {
    const { log } = await open({});
    for (let at = 1; at <= 5; at += 1) log.append(rowAt(10_000 + at));

    expect([log.numRows, (await log.query()).length, log.numRows]).toEqual([5, 5, 5]);
  });

  test("against the number of rows: the oldest go first", async () => {
    const { log } = await open({ maxRows: 3 });
    for (let at = 1; at <= 10; at += 1) log.append(rowAt(10_000 + at));
    const before = log.numRows;

    expect([before, await timesOf(log), log.numRows]).toEqual([3, [10_010, 10_009, 10_008], 3]);
  });

  test("against the bytes, with those in the store", async () => {
    const wide = { x: { shape: [250], data: new Float32Array(250) } };
    const { log } = await open({ maxBytes: 5000 });
    for (let at = 1; at <= 10; at += 1) log.append(rowAt(10_000 + at, { inputs: wide }));
    const found = await timesOf(log);

    // 1000 bytes of tensors each, and a head: five do not fit in 5000.
    expect(found).toEqual([10_010, 10_009, 10_008, 10_007]);
    expect([log.numRows, log.totals.numRows]).toEqual([4, 4]);
    expect(log.totals.sizeBytes).toBeLessThanOrEqual(5000);
  });

  test("once while they are being written, too", async () => {
    const counts: number[] = [];
    const store = createMemoryByteStore();
    const log: FeatureLog = new FeatureLog({
      ...{ store, clock: new ManualClock(10_000), limits: limitsOf({}), onError: () => undefined },
      onChange: () => counts.push(log.numRows),
    });
    await log.restore();
    for (let at = 1; at <= 5; at += 1) log.append(rowAt(10_000 + at));
    await log.flush();

    expect(counts).toEqual([5]);
  });
});
