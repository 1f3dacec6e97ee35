import { expect, test } from "vitest";
import { nowAndThen } from "./now-and-then.js";

test("work that is asked for all the time is done once in 20 ms, after what is under way", async () => {
  let now = 0;
  const done: number[] = [];
  const ask = nowAndThen(
    () => done.push(now),
    () => now,
  );
  const atOnce: number[] = [];
  for (now = 0; now < 100; now += 4) {
    ask();
    atOnce.push(done.length);
    await Promise.resolve();
  }

  expect([atOnce[0], done]).toEqual([0, [0, 20, 40, 60, 80]]);
});
