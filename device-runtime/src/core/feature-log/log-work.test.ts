import { expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { ManualClock } from "../../testing/manual-clock.js";
import type { ByteStore } from "../ports/storage.js";
import { logView } from "./export-log.js";
import { FeatureLog } from "./feature-log.js";
import { limitsOf, type LogOptions } from "./log-limits.js";
import { encodeLogRow, type LogRow } from "./log-row.js";
import { firstIdAt, timeOfPrediction } from "./prediction-ids.js";

const idAt = (at: number): string => `${firstIdAt(at)}-0000-a`;
const label = { shape: [1], data: BigInt64Array.of(1n) };

function rowAt(at: number, more: Partial<LogRow> = {}): LogRow {
  const inputs = { x: { shape: [1, 2], data: Float32Array.of(at, 0.5) } };
  const row = { id: idAt(at), atMs: timeOfPrediction(idAt(at)), model: "m", version: 1, inputs };
  return { ...row, outputs: null, fields: {}, label: null, labelledAtMs: null, explanation: null, ...more };
}

/** Counts what is asked of it. */
function counted(): { readonly store: ByteStore; readonly gets: string[]; readonly writes: string[][] } {
  const memory = createMemoryByteStore();
  const [gets, writes]: [string[], string[][]] = [[], []];
  const get: ByteStore["get"] = (key) => {
    gets.push(key);
    return memory.get(key);
  };
  const write: ByteStore["write"] = (changes, options) => {
    writes.push(changes.map(([key]) => key));
    return memory.write(changes, options);
  };
  return { store: { ...memory, get, write }, gets, writes };
}

async function open(store: ByteStore, { purpose, ...limits }: LogOptions = {}): Promise<FeatureLog> {
  const log = new FeatureLog({
    ...{
      store,
      clock: new ManualClock(10_000),
      limits: limitsOf({ maxRows: 2e6, maxBytes: 1e9, ...limits }),
    },
    ...(purpose === undefined ? {} : { purpose }),
    onChange: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  await log.restore();
  return log;
}

/** So many segments of 128 rows. */
async function filled(store: ByteStore, numSegments: number): Promise<FeatureLog> {
  const log = await open(store);
  for (let at = 0; at < numSegments * 128; at += 1) {
    log.append(rowAt(at));
    if (at % 128 === 127) await log.flush();
  }
  return log;
}

test("128 rows and the totals are two values of one write", async () => {
  const { store, writes } = counted();
  await filled(store, 1);

  expect(writes).toEqual([[expect.stringMatching(/^log\/segments\/.*\.128\.\d+$/), "log/totals"]]);
});

test("large rows are written as soon as they are 176 kB, in values that a browser keeps with the others", async () => {
  const { store, writes } = counted();
  const log = await open(store);
  const data = new Float32Array(750);
  for (let at = 0; at < 160; at += 1) {
    log.append(rowAt(at, { inputs: { x: { shape: [750], data } } }));
    log.writeIfEnough();
    // What is under way is done before the next prediction.
    await log.query({ limit: 0 });
  }
  await log.flush();
  const segments = writes.map((keys) => keys.filter((key) => key !== "log/totals"));
  const sizes = await Promise.all(segments.flat().map(async (key) => (await store.get(key))?.length));

  expect(Math.max(...sizes.map((size) => size ?? Infinity))).toBeLessThan(65_536);
  // 59 rows of 3000 bytes are the first that are 176 kB, and 19 of them, with 64 bytes each, fit in 60 kB.
  expect(segments.map(({ length }) => length)).toEqual([4, 4, 3]);
});

test("a start on a million rows reads keys and one value", async () => {
  const { store, gets } = counted();
  const keys = Array.from(
    { length: 7813 },
    (_, at) => `log/segments/${idAt(at * 128)}.${idAt(at * 128 + 127)}.128.5000`,
  );
  const head = { numRows: 7813 * 128, sizeBytes: 7813 * 5000, numExamples: {} };
  await store.write([
    ...keys.map((key) => [key, new Uint8Array(1)] as const),
    ["log/totals", new TextEncoder().encode(JSON.stringify(head))],
  ]);
  const log = await open(store);

  expect([log.totals.numRows, gets, log.lastId]).toEqual([1_000_064, ["log/totals"], idAt(7813 * 128 - 1)]);
});

test("the newest rows are read from the newest segments alone, and labelled rows from none", async () => {
  const { store, gets } = counted();
  const log = await filled(store, 20);
  await log.change(idAt(5), (row) => ({ ...row, label }));
  await log.change(idAt(2000), (row) => ({ ...row, label }));
  const readBy = async (query: Parameters<FeatureLog["query"]>[0]): Promise<number[]> => {
    gets.length = 0;
    const rows = await log.query(query);
    return [rows.length, gets.filter((key) => key.startsWith("log/segments/")).length];
  };

  expect(await readBy({ limit: 10 })).toEqual([10, 1]);
  expect(await readBy({ fromMs: 128, untilMs: 256, limit: 1000 })).toEqual([128, 1]);
  expect(await readBy({ isLabelled: true })).toEqual([2, 0]);
  expect(await readBy({ ids: [idAt(700)] })).toEqual([1, 1]);
  expect(await log.query({ limit: 2, beforeId: idAt(2001) })).toEqual([rowAt(2000, { label }), rowAt(1999)]);
});

test("a row that is erased lies in no value any more, and the others of its segment are as before", async () => {
  const { store } = counted();
  const log = await filled(store, 3);
  const bytes = new Uint8Array(Float32Array.of(200).buffer).join();
  const has = async (): Promise<boolean> => {
    const values = await Promise.all((await store.keys("log/segments/")).map((key) => store.get(key)));
    return values.some((value) => (value ?? new Uint8Array()).join().includes(bytes));
  };
  const before = await has();
  await log.erase({ ids: [idAt(200)] });

  expect([before, await has(), log.totals.numRows]).toEqual([true, false, 383]);
  expect(await log.query({ fromMs: 199, untilMs: 202 })).toEqual([rowAt(201), rowAt(199)]);
});

test("erasing everything is one write, with a change for each segment", async () => {
  const { store, writes } = counted();
  const log = await filled(store, 4);
  writes.length = 0;
  const erasing = log.erase();
  log.append(rowAt(9000));
  const numErased = await erasing;

  expect(writes.map((keys) => keys.length)).toEqual([5]);
  expect(numErased + (await log.query()).length).toBe(4 * 128 + 1);
});

test("whole segments go, and never more than one beyond need", async () => {
  const { store } = counted();
  const log = await open(store, { maxRows: 1024 });
  for (let at = 0; at < 3000; at += 1) {
    log.append(rowAt(at));
    if (at % 50 === 49) await log.flush();
    if (at > 1100 && at % 50 === 49) {
      expect(log.totals.numRows).toBeLessThanOrEqual(1024);
      expect(log.totals.numRows).toBeGreaterThan(1024 - 128);
    }
  }

  expect((await log.query({ limit: 1 }))[0]?.atMs).toBe(2999);
});

test("rows of the former layout count, are found, changed and erased", async () => {
  const { store } = counted();
  for (const at of [1, 2, 3]) await store.put(`log/rows/${idAt(at)}`, encodeLogRow(rowAt(at)));
  const log = await open(store);
  log.append(rowAt(4));
  await log.flush();
  await log.change(idAt(2), (row) => ({ ...row, label }));

  expect(await log.query()).toEqual([rowAt(4), rowAt(3), rowAt(2, { label }), rowAt(1)]);
  expect(log.totals).toMatchObject({ numRows: 4, numExamples: { m: 1 } });
  expect([await log.erase({ ids: [idAt(2)] }), log.totals.numExamples]).toEqual([1, {}]);
});

test("rows keep their own form when a version takes other inputs", async () => {
  const { store } = counted();
  const log = await open(store);
  const other = rowAt(2, {
    version: 2,
    inputs: {
      tokens: { shape: [3], data: BigInt64Array.of(1n, -1n, 2n ** 62n) },
      "0": { shape: [], data: Uint8Array.of(7) },
    },
    outputs: { y: { shape: [1], data: Float64Array.of(Number.NaN) } },
  });
  for (const row of [rowAt(1), other, rowAt(3)]) log.append(row);
  await log.flush();

  expect(await log.query()).toEqual([rowAt(3), other, rowAt(1)]);
});

test("an export is all rows as lines of JSON, after one that says what they are for", async () => {
  const { store } = counted();
  await (await open(store, { purpose: "suggestions" })).close();
  const log = await open(store);
  for (let at = 0; at < 150; at += 1) log.append(rowAt(at));
  const explanation = { x: { shape: [1, 2], data: Float32Array.of(0.5, Number.NaN) } };
  await log.change(idAt(149), (row) => ({ ...row, label, labelledAtMs: 7, explanation }));
  const status = { numRows: 150, sizeBytes: 1, maxRows: 2, maxBytes: 3, maxAgeMs: 4, purpose: log.purpose };
  const lines: { readonly id?: string }[] = [];
  const view = logView({
    query: (query) => log.query(query),
    erase: (selection) => log.erase(selection),
    status: () => status,
  });
  for await (const line of view.export()) lines.push(JSON.parse(line) as { readonly id?: string });

  expect(lines[0]).toEqual({ type: "log", ...status, purpose: "suggestions" });
  expect(lines.slice(1).map(({ id }) => id)).toEqual(Array.from({ length: 150 }, (_, at) => idAt(149 - at)));
  expect(lines[1]).toEqual({
    ...{ type: "row", id: idAt(149), at: "1970-01-01T00:00:00.149Z", model: "m", version: 1, outputs: null },
    inputs: { x: { elementType: "float32", shape: [1, 2], values: [149, 0.5] } },
    ...{ fields: {}, labelledAt: "1970-01-01T00:00:00.007Z" },
    label: { elementType: "int64", shape: [1], values: ["1"] },
    explanation: { x: { elementType: "float32", shape: [1, 2], values: [0.5, "NaN"] } },
  });
});
