import { expect, test } from "vitest";
import type { LogRow } from "./log-row.js";
import { RecentPredictions } from "./recent-predictions.js";

const DAY_MS = 24 * 3_600_000;
const row = (id: string, change: Partial<LogRow> = {}): LogRow => ({
  ...{ id, atMs: 0, model: "digits", version: 1 },
  inputs: { input: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } },
  outputs: { answer: { shape: [2], data: Float32Array.of(7, 8) } },
  ...{ fields: {}, label: null, labelledAtMs: null, explanation: null, ...change },
});

/** What is remembered of a prediction; null for nothing. */
async function rowOf(recent: RecentPredictions, id: string): Promise<LogRow | null> {
  let found: LogRow | null = null;
  await recent
    .change(id, (kept) => (found = kept))
    .catch((error: unknown) => expect(error).toMatchObject({ code: "PREDICTION_UNKNOWN" }));
  return found;
}

test("of inputs only the shapes are remembered", async () => {
  const recent = new RecentPredictions(() => 0);
  recent.append(row("a"));

  expect(await rowOf(recent, "a")).toMatchObject({
    inputs: { input: { shape: [2, 3], data: new Float32Array() } },
    outputs: { answer: { data: Float32Array.of(7, 8) } },
  });
});

test("an answer is remembered until its first label, which stays known", async () => {
  const recent = new RecentPredictions(() => 0);
  recent.append(row("a"));
  await recent.change("a", (kept) => ({ ...kept, label: { shape: [2], data: Float32Array.of(7, 7) } }));

  expect(await rowOf(recent, "a")).toMatchObject({ outputs: null, label: { shape: [2] } });
});

test("the oldest goes for the one after the thousandth", async () => {
  const recent = new RecentPredictions(() => 0);
  for (let at = 0; at <= 1000; at += 1) recent.append(row(`row ${at}`));

  expect(await rowOf(recent, "row 0")).toBeNull();
  expect(await rowOf(recent, "row 1")).not.toBeNull();
});

test("answers of more than a megabyte together make the oldest go", async () => {
  const recent = new RecentPredictions(() => 0);
  // A hundred of 10,000 bytes are a million, and their heads are more than the ninety-fifth leaves room for.
  const outputs = { answer: { shape: [2500], data: new Float32Array(2500) } };
  for (let at = 0; at < 100; at += 1) recent.append(row(`row ${at}`, { outputs }));

  expect(await rowOf(recent, "row 0")).toBeNull();
  expect(await rowOf(recent, "row 99")).not.toBeNull();
});

test("a prediction is remembered for a day, and not a millisecond longer", async () => {
  let nowMs = DAY_MS;
  const recent = new RecentPredictions(() => nowMs);
  recent.append(row("a"));
  expect(await rowOf(recent, "a")).not.toBeNull();

  nowMs += 1;
  expect(await rowOf(recent, "a")).toBeNull();
});
