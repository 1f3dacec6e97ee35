import { expect, test } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { watchUse } from "./watch-use.js";

test("use is told at its first event and then at most four times a second, until nobody listens", () => {
  const [target, clock, toldAtMs] = [new EventTarget(), new ManualClock(), [] as number[]];
  const startedAtMs = clock.nowMs();
  const stop = watchUse(target, clock, () => toldAtMs.push(clock.nowMs() - startedAtMs));
  for (let time = 0; time < 10; time += 1) {
    target.dispatchEvent(new Event("pointermove"));
    clock.advance(100);
  }
  stop();
  target.dispatchEvent(new Event("keydown"));

  expect(toldAtMs).toEqual([0, 300, 600, 900]);
});
