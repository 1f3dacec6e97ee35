import { createRandom } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { PredictionIds, firstIdAt, isPredictionId, timeOfPrediction } from "./prediction-ids.js";

const idsAt = (nowMs: number, seed = "a"): { ids: PredictionIds; clock: ManualClock } => {
  const clock = new ManualClock(nowMs);
  return { ids: new PredictionIds(clock, createRandom(seed)), clock };
};

describe("names of predictions", () => {
  test("tell the time", () => {
    expect(timeOfPrediction(idsAt(1_800_000_000_000).ids.next())).toBe(1_800_000_000_000);
  });

  test("sort in the order in which they were made, within a millisecond too", () => {
    const { ids, clock } = idsAt(1_800_000_000_000);
    const made = Array.from({ length: 100 }, (_, at) => {
      if (at % 10 === 0) clock.advance(1);
      return ids.next();
    });

    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(100);
  });

  test("sort after those of before the clock was set back", () => {
    const { ids } = idsAt(1000);
    ids.after(idsAt(5000).ids.next());

    expect(timeOfPrediction(ids.next())).toBe(5001);
  });

  test("go on in the next millisecond when one is used up", () => {
    const { ids } = idsAt(7);
    let last = "";
    for (let count = 0; count <= 36 ** 4; count += 1) last = ids.next();

    expect(timeOfPrediction(last)).toBe(8);
  });

  test("of two starts differ in the same millisecond", () => {
    expect(idsAt(7, "one").ids.next()).not.toBe(idsAt(7, "two").ids.next());
  });

  test("begin at or after the smallest one of their time", () => {
    const id = idsAt(36 ** 5).ids.next();

    expect([firstIdAt(36 ** 5) <= id, firstIdAt(36 ** 5 + 1) <= id]).toEqual([true, false]);
  });

  test.each(["", "x", "../../etc/passwd", "000000000-0000-", "000000000-0000-ABC"])("are not %j", (text) => {
    expect([isPredictionId(text), timeOfPrediction(text)]).toEqual([false, 0]);
  });
});
