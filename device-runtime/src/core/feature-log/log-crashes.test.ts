import { FedgeError } from "@fedge/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { ManualClock } from "../../testing/manual-clock.js";
import type { ByteStore } from "../ports/storage.js";
import "../on-demand.js";
import { FeatureLog } from "./feature-log.js";
import { limitsOf } from "./log-limits.js";
import type { LogRow } from "./log-row.js";
import { firstIdAt } from "./prediction-ids.js";

const idAt = (at: number): string => `${firstIdAt(at)}-0000-a`;
const label = { shape: [1], data: BigInt64Array.of(1n) };
const SHADOW = { version: 2, classes: [1] };

/** Its input is found in a store's bytes, wherever it lies. */
const canaryOf = (at: number): string => `canary-${String(at).padStart(6, "0")}`;

const rowAt = (at: number): LogRow => ({
  ...{ id: idAt(at), atMs: at, model: "m", version: 1, outputs: null, fields: {}, label: null },
  ...{
    inputs: { x: { shape: [13], data: new TextEncoder().encode(canaryOf(at)) } },
    labelledAtMs: null,
    explanation: null,
  },
});

interface FaultyStore {
  readonly store: ByteStore;
  /** The process that wrote to it is gone: whatever it would have been told is told to nobody. */
  readonly hasEnded: () => boolean;
}

/** A store that takes so many writes: a process ends at the next, and a disk has no room for it alone. */
function failing(memory: ByteStore, { after, kind }: { after: number; kind: "crash" | "full" }): FaultyStore {
  let left = after;
  const write: ByteStore["write"] = async (changes, options) => {
    left -= 1;
    if (left === -1 || (left < 0 && kind === "crash"))
      throw new FedgeError(kind === "full" ? "STORAGE_FULL" : "STORAGE_FAILED", "no more");
    await memory.write(changes, options);
  };
  return { store: { ...memory, write }, hasEnded: () => kind === "crash" && left < 0 };
}

async function open(store: ByteStore): Promise<FeatureLog> {
  const parts = { store, clock: new ManualClock(10_000), limits: limitsOf({ maxRows: 1000 }) };
  const log = new FeatureLog({ ...parts, onChange: () => undefined, onError: () => undefined });
  await log.restore();
  return log;
}

async function textOf(store: ByteStore): Promise<string> {
  const values = await Promise.all((await store.keys("")).map((key) => store.get(key)));
  return values.map((value) => new TextDecoder("latin1").decode(value)).join("\n");
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("append" as const), count: fc.integer({ min: 1, max: 20 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("flush" as const), count: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("label" as const), count: fc.nat(99) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("amend" as const), count: fc.nat(99) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("erase-id" as const), count: fc.nat(99) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("erase-range" as const), count: fc.nat(99) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("erase-labelled" as const), count: fc.constant(0) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("erase-all" as const), count: fc.constant(0) }) },
);

/** What a person was told: rows that must be there, and those that must not. */
interface Model {
  next: number;
  /** Appended and not erased; may be lost until they are durable. */
  readonly alive: Set<number>;
  readonly durable: Set<number>;
  readonly labelled: Set<number>;
  readonly erased: Set<number>;
  /** Their erasure was asked for last: a process that ends in it leaves each or not, and all others. */
  leaving: ReadonlySet<number>;
}

const SELECTIONS = {
  "erase-id": (at: number) => ({ ids: [idAt(at)] }),
  "erase-range": (at: number) => ({ fromMs: at, untilMs: at + 15 }),
  "erase-labelled": () => ({ isLabelled: true }),
  "erase-all": () => ({}),
};

async function act(
  log: FeatureLog,
  model: Model,
  { type, count }: { type: string; count: number },
  hasEnded: () => boolean,
): Promise<void> {
  const told = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    // Rows whose own write failed are lost, and `onError` was told; a later flush has nothing left to write.
    if (hasEnded()) throw new FedgeError("STORAGE_FAILED", "the process has ended");
    return result;
  };
  const at = model.next === 0 ? 0 : count % model.next;
  if (type === "append") {
    for (let more = 0; more < count; more += 1) {
      log.append(rowAt(model.next));
      model.alive.add(model.next++);
    }
  } else if (type === "flush") {
    await told(log.flush());
    for (const each of model.alive) model.durable.add(each);
  } else if (type === "label") {
    if (!model.alive.has(at)) return;
    await told(log.change(idAt(at), (row) => ({ ...row, label, labelledAtMs: 1 })));
    model.labelled.add(at);
    for (const each of model.alive) model.durable.add(each);
  } else if (type === "amend") {
    // Nobody is told that it is kept: it may be lost, but nothing else may.
    if (model.alive.has(at)) await told(log.amend(idAt(at), (row) => ({ ...row, shadow: SHADOW })));
  } else {
    const isGone = (each: number): boolean => {
      if (type === "erase-id") return each === at;
      if (type === "erase-range") return each >= at && each < at + 15;
      return type === "erase-all" || model.labelled.has(each);
    };
    const gone = [...model.alive].filter(isGone);
    model.leaving = new Set(gone);
    const numErased = await told(log.erase(SELECTIONS[type as keyof typeof SELECTIONS](at)));
    expect(numErased).toBe(gone.length);
    for (const each of gone) {
      model.erased.add(each);
      for (const set of [model.alive, model.durable, model.labelled]) set.delete(each);
    }
  }
}

// A failure names the seed and the path that repeat it.
test("a process that ends at any write: nothing told is lost, nothing erased comes back, counts are right", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(30), async (steps, after) => {
      const memory = createMemoryByteStore();
      const { store, hasEnded } = failing(memory, { after, kind: "crash" });
      const log = await open(store);
      const model: Model = {
        next: 0,
        ...{ alive: new Set(), durable: new Set(), labelled: new Set() },
        ...{ erased: new Set(), leaving: new Set() },
      };
      for (const each of steps) {
        try {
          await act(log, model, each, hasEnded);
        } catch (error) {
          if (!(error instanceof FedgeError)) throw error;
          break;
        }
      }
      const again = await open(memory);
      const rows = await again.query({ limit: 10_000 });
      const found = new Set(rows.map(({ atMs }) => atMs));
      const text = await textOf(memory);

      expect(found.size).toBe(rows.length);
      expect(again.totals.numRows).toBe(rows.length);
      const numLabelled = rows.filter((row) => row.label !== null).length;
      expect(again.totals.numExamples).toEqual(numLabelled === 0 ? {} : { m: numLabelled });
      for (const at of model.durable) if (!model.leaving.has(at)) expect(found.has(at)).toBe(true);
      for (const at of found) expect(model.alive.has(at)).toBe(true);
      for (const at of model.erased) expect(text).not.toContain(canaryOf(at));
      for (const { atMs, label: kept } of rows) if (model.labelled.has(atMs)) expect(kept).toEqual(label);
      await again.erase();
      expect(await textOf(memory)).not.toContain("canary");
    }),
    { numRuns: 150 },
  );
});

test("a disk that is full for one write, whichever it is, leaves a log that is whole and works", async () => {
  for (let after = 0; after < 12; after += 1) {
    const memory = createMemoryByteStore();
    const log = await open(failing(memory, { after, kind: "full" }).store);
    for (let at = 0; at < 8; at += 1) {
      log.append(rowAt(at));
      await log.flush().catch(() => undefined);
      if (at % 2 === 0)
        await log.change(idAt(at), (row) => ({ ...row, label, labelledAtMs: 1 })).catch(() => undefined);
    }
    await log.flush();
    const rows = await log.query();
    const again = await open(memory);

    expect(log.totals).toMatchObject({ numRows: rows.length });
    expect(rows[0]?.atMs).toBe(7);
    expect([again.totals, await again.query()]).toEqual([log.totals, rows]);
  }
});
