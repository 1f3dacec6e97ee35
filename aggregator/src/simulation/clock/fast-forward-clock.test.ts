import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../clock/manual-clock.js";
import { FastForwardClock } from "./fast-forward-clock.js";

const setUp = (): { time: ManualClock; clock: FastForwardClock; log: string[] } => {
  const time = new ManualClock(1000);
  return { time, clock: new FastForwardClock(time), log: [] };
};

describe("FastForwardClock", () => {
  test("runs a timer when its time has passed, and not before", () => {
    const { time, clock, log } = setUp();
    clock.after(50, () => log.push("ran"));

    time.advance(49);
    expect(log).toEqual([]);

    time.advance(1);
    expect(log).toEqual(["ran"]);
  });

  test("a jump runs the next timer at once and only it", () => {
    const { clock, log } = setUp();
    clock.after(9000, () => log.push("second"));
    clock.after(5000, () => log.push("first"));

    const leaptMs = clock.jumpToNextTimer();

    expect({ leaptMs, log, nowMs: clock.nowMs() }).toEqual({ leaptMs: 5000, log: ["first"], nowMs: 6000 });
  });

  test("after a jump the other timers are nearer by as much", () => {
    const { time, clock, log } = setUp();
    clock.after(5000, () => undefined);
    clock.after(5010, () => log.push("other"));
    clock.jumpToNextTimer();

    time.advance(9);
    expect(log).toEqual([]);

    time.advance(1);
    expect(log).toEqual(["other"]);
  });

  test("does not jump past the limit that it is given", () => {
    const { clock, log } = setUp();
    clock.after(1001, () => log.push("ran"));

    expect(clock.jumpToNextTimer(1000)).toBeNull();
    expect(log).toEqual([]);
  });

  test("does not jump when there is no timer", () => {
    expect(setUp().clock.jumpToNextTimer()).toBeNull();
  });

  test("a cancelled timer never runs, not even when cancelled by one that is due at the same moment", () => {
    const { clock, log } = setUp();
    let cancel = (): void => undefined;
    clock.after(10, () => cancel());
    cancel = clock.after(10, () => log.push("cancelled"));

    clock.jumpToNextTimer();

    expect(log).toEqual([]);
    expect(clock.nextTimerInMs()).toBeNull();
  });

  test("a timer set by a timer runs too", () => {
    const { time, clock, log } = setUp();
    clock.after(10, () => void clock.after(5, () => log.push("inner")));

    clock.jumpToNextTimer();
    time.advance(5);

    expect(log).toEqual(["inner"]);
  });

  test("nothing runs after close", () => {
    const { time, clock, log } = setUp();
    clock.after(10, () => log.push("ran"));

    clock.close();
    time.advance(100);

    expect(log).toEqual([]);
  });

  test("runs every timer once, in the order of due times, however time passes and leaps", () => {
    const step = fc.oneof(
      fc.record({ set: fc.integer({ min: 0, max: 100 }) }),
      fc.record({ pass: fc.integer({ min: 0, max: 60 }) }),
      fc.constant({ jump: true as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { time, clock } = setUp();
        const due: number[] = [];
        const ran: number[] = [];
        for (const one of steps) {
          if ("set" in one) {
            const atMs = clock.nowMs() + one.set;
            due.push(atMs);
            clock.after(one.set, () => ran.push(atMs));
          } else if ("pass" in one) time.advance(one.pass);
          else clock.jumpToNextTimer();
          expect(ran.every((atMs) => atMs <= clock.nowMs())).toBe(true);
        }
        while (clock.jumpToNextTimer() !== null);

        expect(ran).toEqual([...ran].sort((a, b) => a - b));
        expect([...ran]).toEqual(due.sort((a, b) => a - b));
      }),
    );
  });
});
