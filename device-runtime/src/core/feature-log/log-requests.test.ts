import { runInNewContext } from "node:vm";
import { FedgeError } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { ManualClock } from "../../testing/manual-clock.js";
import type { ByteStore } from "../ports/storage.js";
import { wrongLogOption } from "./check-log-options.js";
import { logView } from "./export-log.js";
import { FeatureLog } from "./feature-log.js";
import { LOG_RULES, areLogOptions, limitsOf, type LogOptions } from "./log-limits.js";
import type { LogRow } from "./log-row.js";
import type { LogQuery } from "./log-selection.js";
import { firstIdAt } from "./prediction-ids.js";
import { RecentPredictions } from "./recent-predictions.js";

const idAt = (at: number): string => `${firstIdAt(at)}-0000-a`;

const rowAt = (at: number): LogRow => ({
  ...{ id: idAt(at), atMs: at, model: "m", version: 1, outputs: null, fields: {}, label: null },
  ...{ inputs: { x: { shape: [1], data: Float32Array.of(at) } }, labelledAtMs: null, explanation: null },
});

/** With so many rows, in the store or not yet. */
async function filled(
  numRows: number,
  { isFlushed = true, store = createMemoryByteStore() }: { isFlushed?: boolean; store?: ByteStore } = {},
): Promise<{ readonly log: FeatureLog; readonly store: ByteStore; readonly errors: unknown[] }> {
  const errors: unknown[] = [];
  const log = new FeatureLog({
    ...{ store, clock: new ManualClock(10_000), limits: limitsOf({}) },
    ...{ onChange: () => undefined, onError: (error: unknown) => errors.push(error) },
  });
  await log.restore();
  for (let at = 1; at <= numRows; at += 1) log.append(rowAt(at));
  if (isFlushed) await log.flush();
  return { log, store, errors };
}

const viewOf = (log: FeatureLog): ReturnType<typeof logView> =>
  logView({
    query: (query) => log.query(query),
    erase: (selection) => log.erase(selection),
    status: () => ({
      numRows: log.numRows,
      sizeBytes: 0,
      maxRows: 1,
      maxBytes: 1,
      maxAgeMs: 1,
      purpose: null,
    }),
  });

const idOf = (line: string): string => (JSON.parse(line) as { readonly id: string }).id;

/** Without a prototype. */
const ownFields = (fields: object): object => Object.assign(Object.create(null) as object, fields);

class ComputedIds {
  get ids(): readonly string[] {
    return [idAt(1)];
  }
}

type Wrong = readonly [what: string, selection: unknown];

const WRONG: readonly Wrong[] = [
  ["a field that no row has", { id: idAt(1) }],
  ["a field with another name", { from: 1 }],
  ["a list of ids that is undefined", { ids: undefined }],
  ["a text for ids", { ids: idAt(1) }],
  ["an id that is no text", { ids: [1] }],
  ["a time that is no number", { fromMs: "2030-01-01" }],
  ["a time that is NaN", { fromMs: Number.NaN }],
  ["a time without end", { untilMs: Infinity }],
  ["a model that is no text", { model: 3 }],
  ["a text for yes", { isLabelled: "yes" }],
  ["a field that every object inherits", { toString: 1 }],
  ["null", null],
  ["a text", "all"],
  ["a list", [idAt(1)]],
  ["an empty list", []],
  ["a set", new Set([idAt(1)])],
  ["an object that inherits its ids", Object.create({ ids: [idAt(1)] })],
  ["one that inherits them from an object without a prototype", Object.create(ownFields({ ids: [idAt(1)] }))],
  ["ids that are not enumerable", Object.defineProperty({}, "ids", { value: [idAt(1)] })],
  ["a symbol", { [Symbol("ids")]: [idAt(1)] }],
  ["an instance of a class", new (class Rows {})()],
  ["an instance of a class whose ids are computed", new ComputedIds()],
];
const computed = (): object =>
  Object.defineProperty({}, "ids", { get: () => [idAt(1)], enumerable: true }) as object;

describe("a selection to erase", () => {
  test("is what it said when it was given, whatever becomes of it", async () => {
    const { log } = await filled(3);
    const selection: { ids?: readonly string[] } = { ids: [idAt(1)] };
    const erasing = log.erase(selection);
    delete selection.ids;

    expect(await erasing).toBe(1);
    expect(await log.query()).toHaveLength(2);
  });

  test("may compute its ids, which are read once", async () => {
    const { log } = await filled(3);

    expect(await log.erase(computed())).toBe(1);
  });
});

describe("a selection that says nothing of rows", () => {
  test.each<Wrong>([...WRONG, ["a limit", { limit: 1 }], ["a row before", { beforeId: idAt(2) }]])(
    "erases none: %s",
    async (_, selection) => {
      const { log } = await filled(3);
      const erasing = log.erase(selection as never);
      await expect(erasing).rejects.toMatchObject({ code: "OPTION_INVALID" });

      expect(await log.query()).toHaveLength(3);
    },
  );

  test.each<Wrong>([
    ...WRONG,
    ["ids that are computed", computed()],
    ["a part of a row", { limit: 1.5 }],
    ["fewer than none", { limit: -1 }],
  ])("shows none: %s", async (_, query) => {
    const { log } = await filled(3);

    await expect(log.query(query as never)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("exports none", async () => {
    const { log } = await filled(3);
    const lines = viewOf(log)
      .export({ limit: 1 } as LogQuery)
      [Symbol.asyncIterator]();

    await expect(lines.next()).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("is refused with its name, what it holds and what is wanted", async () => {
    const { log } = await filled(0);

    await expect(log.erase({ fromMs: "2030" } as never)).rejects.toThrow(
      'fromMs of a selection of rows is "2030"; give UTC epoch milliseconds, or leave it out',
    );
    await expect(log.erase({ id: "1" } as never)).rejects.toThrow(
      'a selection of rows has no "id"; it takes ids, model, fromMs, untilMs, isLabelled',
    );
    await expect(log.erase(new ComputedIds())).rejects.toThrow(
      "a selection of rows is no plain object; give one with ids, model, fromMs, untilMs, isLabelled, or none for all",
    );
  });

  test.each<Wrong>([
    ["of this frame", { ids: [idAt(1)] }],
    ["of another frame", runInNewContext("({ ids })", { ids: [idAt(1)] })],
    ["without a prototype", ownFields({ ids: [idAt(1)] })],
  ])("is no plain object %s: that one erases what it names", async (_, selection) => {
    const { log } = await filled(3);

    expect([await log.erase(selection as never), (await log.query()).length]).toEqual([1, 2]);
  });

  test.each<Wrong>([
    ["no selection", undefined],
    ["an object without fields", {}],
    ["one of another frame", runInNewContext("({})")],
    ["one without a prototype", ownFields({})],
  ])("is not what means all rows: %s", async (_, selection) => {
    const { log } = await filled(3);

    expect([await log.erase(selection as never), (await log.query()).length]).toEqual([3, 0]);
  });

  test("is refused by a device without a log, which goes on remembering", async () => {
    const recent = new RecentPredictions(() => 10_000);
    recent.append(rowAt(9999));
    await expect(recent.erase({ id: "1" } as never)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    await expect(recent.query({ id: "1" } as never)).rejects.toMatchObject({ code: "OPTION_INVALID" });

    await expect(recent.change(idAt(9999), (row) => row)).resolves.toBeUndefined();
  });
});

describe("options of a log", () => {
  test.each<[string, object, string]>([
    ["an unknown one", { explainEver: 20 }, 'featureLog has no option "explainEver"; it takes maxRows'],
    ["a limit that is no number", { maxRows: Number.NaN }, "featureLog.maxRows is NaN; give a number from 0"],
    ["a limit below zero", { maxAgeMs: -1 }, "featureLog.maxAgeMs is -1; give a number from 0"],
    [
      "no purpose",
      { purpose: "" },
      "featureLog.purpose is not one that can be shown; give a text of 1 to 1024",
    ],
  ])("are refused: %s", (_, options, message) => {
    expect(areLogOptions(options)).toBe(false);
    expect(wrongLogOption(options, LOG_RULES)).toMatchObject({ code: "OPTION_INVALID" });
    expect(wrongLogOption(options, LOG_RULES).message).toContain(message);
  });

  test.each<[string, LogOptions]>([
    ["none", {}],
    ["all", { ...limitsOf({}), purpose: "suggestions", explainEvery: 20 }],
    ["a log without end", { maxRows: Infinity, maxAgeMs: Infinity }],
  ])("are taken: %s", (_, options) => expect(areLogOptions(options)).toBe(true));
});

describe("an export leaves out what is erased while it is read", () => {
  test.each([
    ["in the store", true],
    ["not written yet", false],
  ])("rows of the page that it holds, %s", async (_, isFlushed) => {
    const { log } = await filled(10, { isFlushed });
    const view = viewOf(log);
    const ids: string[] = [];
    let numLines = 0;
    for await (const line of view.export()) {
      numLines += 1;
      if (numLines === 1) continue;
      ids.push(idOf(line));
      if (ids.length === 2) await view.erase({ ids: [idAt(8), idAt(5)] });
      if (ids.length === 4) await view.erase({ untilMs: 3 });
    }

    expect(ids).toEqual([10, 9, 7, 6, 4, 3].map(idAt));
  });

  test("all of them, from the first line on", async () => {
    const { log } = await filled(10);
    const view = viewOf(log);
    const lines: string[] = [];
    for await (const line of view.export()) {
      lines.push(line);
      await view.erase();
    }

    expect(lines).toHaveLength(1);
  });

  test("by somebody else, which a log that lives elsewhere tells by its number of rows", async () => {
    const { log } = await filled(4);
    let tell: (totals: { readonly numRows: number }) => void = () => undefined;
    const view = logView({
      query: (query) => log.query(query),
      erase: (selection) => log.erase(selection),
      status: () => ({ numRows: 4, sizeBytes: 0, maxRows: 9, maxBytes: 9, maxAgeMs: 9, purpose: null }),
      onChange: (listener) => {
        tell = listener;
        return () => (tell = () => undefined);
      },
    });
    const ids: string[] = [];
    let numLines = 0;
    for await (const line of view.export()) {
      numLines += 1;
      if (numLines === 1) continue;
      ids.push(idOf(line));
      if (ids.length > 1) continue;
      await log.erase({ ids: [idAt(3)] });
      tell({ numRows: 3 });
    }

    expect(ids).toEqual([4, 2, 1].map(idAt));
  });
});

describe("a log whose store fails", () => {
  const failing = (): { readonly store: ByteStore; fail: () => void } => {
    const memory = createMemoryByteStore();
    let isFailing = false;
    const get: ByteStore["get"] = (key) =>
      isFailing ? Promise.reject(new FedgeError("STORAGE_FAILED", "no disk")) : memory.get(key);
    return { store: { ...memory, get }, fail: () => (isFailing = true) };
  };

  test("says so and does not look empty", async () => {
    const { store, fail } = failing();
    const { log, errors } = await filled(3, { store });
    fail();

    await expect(log.query()).rejects.toMatchObject({ code: "STORAGE_FAILED", message: "no disk" });
    await expect(log.erase({ ids: [idAt(1)] })).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    expect([errors, log.numRows]).toEqual([[], 3]);
  });

  test("shows and erases nothing once it is closed", async () => {
    const { log } = await filled(3);
    await log.close();

    await expect(log.query()).rejects.toMatchObject({ code: "CLOSED" });
    await expect(log.erase()).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("tells once of a segment that cannot be decoded, however often it is read", async () => {
    const { log, store, errors } = await filled(3);
    const [key = ""] = await store.keys("log/segments/");
    await store.put(key, Uint8Array.of(1, 2, 3));
    log.append(rowAt(4));
    const found = [await log.query(), await log.query({ ids: [idAt(2)] }), await log.query()];

    expect(found.map(({ length }) => length)).toEqual([1, 0, 1]);
    expect(errors).toMatchObject([{ code: "STORAGE_FAILED" }]);
  });
});
