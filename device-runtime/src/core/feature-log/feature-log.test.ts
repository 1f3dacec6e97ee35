import { FedgeError } from "@fedge/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ByteStore } from "../ports/storage.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { FeatureLog } from "./feature-log.js";
import type { LogSelection } from "./log-selection.js";
import { limitsOf, type LogLimits } from "./log-limits.js";
import type { LogRow } from "./log-row.js";
import { firstIdAt, timeOfPrediction } from "./prediction-ids.js";
import { encodeSegment } from "./segment-codec.js";

const idAt = (timeMs: number): string => `${firstIdAt(timeMs)}-0000-a`;

function rowAt(timeMs: number, more: Partial<LogRow> = {}): LogRow {
  const id = idAt(timeMs);
  const inputs = { x: { shape: [1, 1], data: Float32Array.of(timeMs) } };
  const row = { id, atMs: timeOfPrediction(id), model: "m", version: 1, inputs };
  return { ...row, outputs: null, fields: {}, label: null, labelledAtMs: null, explanation: null, ...more };
}

const label = { shape: [1], data: BigInt64Array.of(1n) };
const SIZE_BYTES = encodeSegment([rowAt(1)]).byteLength;

/** How many rows the keys name: a segment's third part, and one for each row of its own. */
const rowsIn = (keys: readonly string[]): number =>
  keys
    .map((key) =>
      key.startsWith("log/segments/") ? Number(key.split(".")[2]) : Number(key.startsWith("log/rows/")),
    )
    .reduce((sum, numRows) => sum + numRows, 0);

/** Of all values but the head's. */
async function bytesIn(store: ByteStore): Promise<number> {
  const keys = (await store.keys("log/")).filter((key) => key !== "log/totals");
  const values = await Promise.all(keys.map((key) => store.get(key)));
  return values.reduce((sum, value) => sum + (value?.byteLength ?? 0), 0);
}

interface World {
  readonly log: FeatureLog;
  readonly clock: ManualClock;
  readonly store: ByteStore;
  readonly errors: unknown[];
}

async function open(limits: Partial<LogLimits> = {}, store = createMemoryByteStore()): Promise<World> {
  const clock = new ManualClock(10_000);
  const errors: unknown[] = [];
  const log = new FeatureLog({
    ...{ store, clock, limits: limitsOf(limits) },
    onChange: () => undefined,
    onError: (error) => errors.push(error),
  });
  await log.restore();
  return { log, clock, store, errors };
}

const timesOf = async (log: FeatureLog, selection: LogSelection = {}): Promise<number[]> =>
  (await log.query({ ...selection, limit: 1000 })).map(({ atMs }) => atMs);

describe("the feature log", () => {
  test("gives back its rows, the newest first", async () => {
    const { log } = await open();
    for (const timeMs of [5, 6, 7]) log.append(rowAt(timeMs));

    expect(await log.query({ limit: 2 })).toEqual([rowAt(7), rowAt(6)]);
  });

  test("writes rows together, a second after the first", async () => {
    const { log, clock, store } = await open();
    for (const timeMs of [5, 6, 7]) log.append(rowAt(timeMs));
    clock.advance(999);
    await log.query();
    const before = await store.keys("log/");
    clock.advance(1);
    await log.query();

    expect([rowsIn(before), rowsIn(await store.keys("log/"))]).toEqual([0, 3]);
    expect(await store.keys("log/segments/")).toHaveLength(1);
  });

  test("writes before the second is over when 384 rows have come, and nobody waits for the thread", async () => {
    const { log, store } = await open();
    const written: number[] = [];
    for (const upTo of [383, 384]) {
      for (let timeMs = upTo === 383 ? 1 : upTo; timeMs <= upTo; timeMs += 1) log.append(rowAt(timeMs));
      log.writeIfEnough();
      await log.query();
      written.push(rowsIn(await store.keys("log/")));
    }

    expect(written).toEqual([0, 384]);
  });

  test("writes what comes while it writes together, with the next", async () => {
    const memory = createMemoryByteStore();
    const sizes: number[] = [];
    let letGo: () => void = () => undefined;
    const store: ByteStore = {
      ...memory,
      write: async (changes, options) => {
        sizes.push(rowsIn(changes.map(([key]) => key)));
        await new Promise<void>((resolve) => (letGo = resolve));
        return memory.write(changes, options);
      },
    };
    const { log, clock } = await open({}, store);
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (let timeMs = 1; timeMs <= 384; timeMs += 1) log.append(rowAt(timeMs));
    log.writeIfEnough();
    await settle();
    for (let timeMs = 385; timeMs <= 456; timeMs += 1) log.append(rowAt(timeMs));
    log.writeIfEnough();
    letGo();
    await settle();
    const afterFirst = [...sizes];
    clock.advance(1000);
    await settle();
    letGo();
    await settle();

    expect([afterFirst, sizes]).toEqual([[384], [384, 72]]);
  });

  test("counts rows, their bytes and the labelled examples of each model", async () => {
    const { log, store } = await open();
    const wide = { shape: [4], data: new BigInt64Array(4) };
    log.append(rowAt(1));
    log.append(rowAt(2, { label }));
    log.append(rowAt(3, { label: wide, model: "other" }));
    await log.flush();

    expect(log.totals).toEqual({
      numRows: 3,
      sizeBytes: await bytesIn(store),
      numExamples: { m: 1, other: 4 },
    });
  });

  test("has after a restart what it had before", async () => {
    const first = await open();
    first.log.append(rowAt(1, { label }));
    first.log.append(rowAt(2));
    await first.log.close();
    const { log } = await open({}, first.store);

    expect(log.totals).toEqual(first.log.totals);
    expect(await timesOf(log)).toEqual([2, 1]);
    expect(log.lastId).toBe(idAt(2));
  });

  test("counts anew when its totals are damaged", async () => {
    const { log, store } = await open();
    log.append(rowAt(1, { label }));
    await log.flush();
    await store.put("log/totals", new TextEncoder().encode("{"));

    expect((await open({}, store)).log.totals).toEqual(log.totals);
  });

  test("takes nothing more once it is closed", async () => {
    const { log, store } = await open();
    await log.close();
    log.append(rowAt(1));

    expect([log.numRows, await store.keys("log/segments/")]).toEqual([0, []]);
  });
});

describe("a change of a row", () => {
  test("is on disk when it resolves, with the rows before it", async () => {
    const { log, store } = await open();
    log.append(rowAt(1));
    log.append(rowAt(2));
    await log.change(idAt(1), (row) => ({ ...row, label, labelledAtMs: 9 }));

    const { log: again } = await open({}, store);
    expect(await again.query()).toEqual([rowAt(2), rowAt(1, { label, labelledAtMs: 9 })]);
    expect(again.totals.numExamples).toEqual({ m: 1 });
  });

  test("of a row that is long on disk counts its label once", async () => {
    const { log, store } = await open();
    log.append(rowAt(1));
    await log.flush();
    const labelled = (row: LogRow): LogRow => ({ ...row, label });
    await log.change(idAt(1), labelled);
    await log.change(idAt(1), labelled);

    expect(log.totals).toEqual({
      numRows: 1,
      sizeBytes: await bytesIn(store),
      numExamples: { m: 1 },
    });
  });

  test("of a row that is not there is refused", async () => {
    const { log } = await open();

    await expect(log.change(idAt(1), (row) => row)).rejects.toMatchObject({ code: "PREDICTION_UNKNOWN" });
  });

  test("that cannot be kept is not made, and said", async () => {
    const { log, store } = await open();
    log.append(rowAt(1));
    await log.flush();
    const write = store.write;
    store.write = () => Promise.reject(new FedgeError("STORAGE_FAILED", "no"));
    const changing = log.change(idAt(1), (row) => ({ ...row, label }));
    await expect(changing).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    store.write = write;
    await log.flush();

    expect(await log.query()).toEqual([rowAt(1)]);
  });
});

describe("the log's limits", () => {
  test("let the oldest rows go when there are too many", async () => {
    const { log, store } = await open({ maxRows: 3 });
    for (let timeMs = 1; timeMs <= 5; timeMs += 1) {
      log.append(rowAt(timeMs, { label }));
      await log.flush();
    }

    expect(await timesOf(log)).toEqual([5, 4, 3]);
    expect(log.totals).toMatchObject({ numRows: 3, numExamples: { m: 3 } });
    expect(rowsIn(await store.keys("log/"))).toBe(3);
  });

  test("hold also for more rows at once than they leave room for", async () => {
    const { log } = await open({ maxRows: 3 });
    for (let timeMs = 1; timeMs <= 64; timeMs += 1) log.append(rowAt(timeMs));
    await log.flush();

    expect(await timesOf(log)).toEqual([64, 63, 62]);
  });

  test("count bytes", async () => {
    const { log } = await open({ maxBytes: 2 * SIZE_BYTES + 1 });
    for (let timeMs = 1; timeMs <= 4; timeMs += 1) log.append(rowAt(timeMs));
    await log.flush();

    expect([await timesOf(log), log.totals.sizeBytes]).toEqual([[4, 3], 2 * SIZE_BYTES]);
  });

  test("let rows go that are too old, at the next start too", async () => {
    const { log, store } = await open({ maxAgeMs: 1000 });
    log.append(rowAt(8999));
    log.append(rowAt(9000));
    await log.flush();
    const now = await timesOf(log);
    const { log: again } = await open({ maxAgeMs: 500 }, store);

    expect([now, await timesOf(again)]).toEqual([[9000], []]);
  });
});

describe("a full disk", () => {
  /** Takes so many rows and no more. */
  function smallStore(maxRows: number): ByteStore {
    const store = createMemoryByteStore();
    const { write } = store;
    store.write = async (changes, options) => {
      const keys = new Set(await store.keys("log/"));
      for (const [key, value] of changes) {
        if (value === null) keys.delete(key);
        else keys.add(key);
      }
      if (rowsIn([...keys]) > maxRows) throw new FedgeError("STORAGE_FULL", "no room");
      await write(changes, options);
    };
    return store;
  }

  test("makes room by forgetting the older half", async () => {
    const { log } = await open({}, smallStore(4));
    for (let timeMs = 1; timeMs <= 5; timeMs += 1) {
      log.append(rowAt(timeMs));
      await log.flush();
    }

    expect(await timesOf(log)).toEqual([5, 4, 3]);
  });

  test("that has no room at all loses the rows and keeps nothing in memory", async () => {
    const { log } = await open({}, smallStore(0));
    log.append(rowAt(1));
    await expect(log.flush()).rejects.toMatchObject({ code: "STORAGE_FULL" });

    expect(await timesOf(log)).toEqual([]);
  });
});

describe("erasing", () => {
  const filled = async (): Promise<World> => {
    const world = await open();
    world.log.append(rowAt(1, { label }));
    world.log.append(rowAt(2, { model: "other" }));
    world.log.append(rowAt(3));
    return world;
  };

  test.each<[string, LogSelection, number[]]>([
    ["everything", {}, []],
    ["one row", { ids: [idAt(2)] }, [3, 1]],
    ["a model's rows", { model: "m" }, [2]],
    ["a time", { fromMs: 2, untilMs: 3 }, [3, 1]],
    ["what is not labelled", { isLabelled: false }, [1]],
    ["what is not there", { ids: ["nothing"] }, [3, 2, 1]],
  ])("%s leaves the rest", async (_, selection, left) => {
    const { log } = await filled();
    const numErased = await log.erase(selection);

    expect([await timesOf(log), numErased, log.totals.numRows]).toEqual([left, 3 - left.length, left.length]);
  });

  test("leaves no byte of the rows in the store", async () => {
    const { log, store } = await filled();
    await log.erase();

    expect(await store.keys("")).toEqual(["log/totals"]);
    expect(log.totals).toEqual({ numRows: 0, sizeBytes: 0, numExamples: {} });
  });

  test.each(["row", "segment"])(
    "a damaged %s is possible, which does not keep the others from being read",
    async (what) => {
      const { log, store, errors } = await filled();
      await log.change(idAt(2), (row) => row);
      log.append(rowAt(4));
      await log.flush();
      const key = what === "row" ? `log/rows/${idAt(2)}` : (await store.keys("log/segments/"))[0];
      await store.put(String(key), Uint8Array.of(1, 2, 3));

      expect(await timesOf(log)).toEqual(what === "row" ? [4, 3, 1] : [4, 2, 1]);
      expect(errors).toMatchObject([{ code: "STORAGE_FAILED" }]);
      expect([await log.erase(), rowsIn(await store.keys("log/"))]).toEqual([4, 0]);
    },
  );
});

test("totals are those of the rows, whatever happens in which order", async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("append" as const), timeMs: fc.nat(50) }),
    fc.record({ type: fc.constant("label" as const), timeMs: fc.nat(50) }),
    fc.record({ type: fc.constant("erase" as const), timeMs: fc.nat(50) }),
    fc.record({ type: fc.constant("restart" as const), timeMs: fc.constant(0) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      let world = await open({ maxRows: 8 });
      const used = new Set<number>();
      for (const { type, timeMs } of steps) {
        if (type === "append" && !used.has(timeMs)) world.log.append(rowAt(timeMs));
        used.add(timeMs);
        if (type === "label")
          await world.log.change(idAt(timeMs), (row) => ({ ...row, label })).catch(() => undefined);
        if (type === "erase") await world.log.erase({ untilMs: timeMs });
        if (type !== "restart") continue;
        await world.log.close();
        world = await open({ maxRows: 8 }, world.store);
      }
      await world.log.flush();
      const rows = await world.log.query({ limit: 1000 });
      const numLabelled = rows.filter((row) => row.label !== null).length;

      expect(world.log.totals).toEqual({
        numRows: rows.length,
        sizeBytes: await bytesIn(world.store),
        numExamples: numLabelled === 0 ? {} : { m: numLabelled },
      });
      expect(rows.length).toBeLessThanOrEqual(8);
      expect(rowsIn(await world.store.keys("log/"))).toBe(rows.length);
    }),
    { numRuns: 200 },
  );
});
