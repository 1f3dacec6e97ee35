import { FedgeError, type ModelName } from "@fedge/protocol";
import { expect, test } from "vitest";
import { ManualClock } from "../../clock/manual-clock.js";
import { MemoryRefusals } from "../testing/memory-refusals.js";
import { RefusedWindows } from "./refused-windows.js";

const DIGITS = "digits" as ModelName;

/** What a store takes, and how often it was written. */
function createStore() {
  const memory = new MemoryRefusals();
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const state = { numWrites: 0, isBroken: false };
  const store = {
    listRefusals: async () => memory.all,
    addRefusals: async (...[counts, { numVersions }]: Parameters<typeof add>) => {
      state.numWrites += 1;
      if (state.isBroken) throw new FedgeError("DATABASE_FAILED", "no disk");
      add(counts, { numVersions });
    },
  };
  const add = (counts: Parameters<MemoryRefusals["add"]>[0], keep: { readonly numVersions: number }): void =>
    memory.add(counts, keep.numVersions);
  const open = (): RefusedWindows =>
    new RefusedWindows({ store, clock, onError: (error) => errors.push(error) });
  return { open, clock, errors, state };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a server that begins anew goes on with what the one before had counted", async () => {
  const { open } = createStore();
  const first = open();
  first.count(DIGITS, 3, "late");
  first.count(DIGITS, 3, "late");
  first.count(DIGITS, 4, "layout");
  await first.close();
  const second = open();
  await second.restore();
  second.count(DIGITS, 3, "late");
  await second.close();
  const third = open();
  await third.restore();

  expect(third.of(DIGITS)).toEqual([
    { version: 4, reason: "layout", numWindows: 1 },
    { version: 3, reason: "late", numWindows: 3 },
  ]);
});

test("a server that is killed has lost at most what came in the last five seconds", async () => {
  const { open, clock } = createStore();
  const first = open();
  first.count(DIGITS, 3, "late");
  clock.advance(5000);
  await settle();
  first.count(DIGITS, 3, "late");
  const second = open();
  await second.restore();

  expect(second.of(DIGITS)).toEqual([{ version: 3, reason: "late", numWindows: 1 }]);
});

test("however many come, they are written together", async () => {
  const { open, clock, state } = createStore();
  const refused = open();
  for (let time = 0; time < 1000; time += 1) refused.count(DIGITS, 3, "invalid");
  clock.advance(5000);
  await settle();

  expect(state.numWrites).toBe(1);
});

test("a store that fails is told of, and what was counted is shown until the end", async () => {
  const { open, errors, state } = createStore();
  const refused = open();
  state.isBroken = true;
  refused.count(DIGITS, 3, "late");
  await refused.close();

  expect(errors).toMatchObject([{ code: "DATABASE_FAILED" }]);
  expect(refused.of(DIGITS)).toEqual([{ version: 3, reason: "late", numWindows: 1 }]);
});

test("only the newest twenty versions of a model are told", () => {
  const refused = new RefusedWindows();
  for (let version = 1; version <= 25; version += 1) refused.count(DIGITS, version, "late");

  expect(refused.of(DIGITS).map(({ version }) => version)).toEqual(
    Array.from({ length: 20 }, (_, at) => 25 - at),
  );
});
