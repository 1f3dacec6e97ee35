import { describe, expect, test } from "vitest";
import { TrainingPace, lookingUp } from "./training-pace.js";

/** A thread whose time passes while it sleeps, and by hand. */
function createThread(whileAsleep: (nowMs: number) => void = () => undefined) {
  const thread = {
    now: 1000,
    numYields: 0,
    nowMs: () => thread.now,
    yieldToOthers: () => Promise.resolve(void (thread.numYields += 1)),
    sleep: (ms: number) => {
      thread.now += ms;
      whileAsleep(thread.now);
      return Promise.resolve();
    },
  };
  return thread;
}

describe("a training", () => {
  test("does not wait while nobody asks for answers", async () => {
    const thread = createThread();
    await new TrainingPace(thread).yieldToOthers();

    expect([thread.now, thread.numYields]).toEqual([1000, 1]);
  });

  test("waits for 40 ms after somebody has asked, and then goes on", async () => {
    const thread = createThread();
    const pace = new TrainingPace(thread);
    pace.stepAside();
    await pace.yieldToOthers();

    expect(thread.now).toBe(1040);
  });

  test("gets a tenth of the time while somebody asks without an end", async () => {
    const thread = createThread(() => pace.stepAside());
    const pace: TrainingPace = new TrainingPace(thread);
    let ranMs = 0;
    pace.stepAside();
    while (thread.now < 2000) {
      await pace.yieldToOthers();
      // One step.
      ranMs += 2;
      thread.now += 2;
      pace.stepAside();
    }

    expect(ranMs / (thread.now - 1000)).toBeCloseTo(0.1, 1);
  });

  test("looks up after 4 ms of steps, however many that are", async () => {
    const thread = createThread();
    const lookUp = lookingUp(thread);
    for (let step = 0; step < 16; step += 1) {
      await lookUp();
      thread.now += 1;
    }

    expect(thread.numYields).toBe(4);
  });
});
