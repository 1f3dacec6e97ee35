import { describe, expect, test } from "vitest";
import { LossTrack } from "./loss-track.js";

function track(numExpected: number, losses: readonly number[]): LossTrack {
  const result = new LossTrack(numExpected);
  for (const loss of losses) result.add(loss);
  return result;
}

describe("the loss of a training", () => {
  test("is the mean of the first and of the last tenth of the steps", () => {
    const losses = Array.from({ length: 20 }, (_, step) => 20 - step);

    expect(track(20, losses).firstAndLast()).toEqual({ lossFirst: 19.5, lossLast: 1.5 });
  });

  test("is that of single steps when there are fewer than twenty", () => {
    expect(track(3, [9, 5, 1]).firstAndLast()).toEqual({ lossFirst: 9, lossLast: 1 });
  });

  test("is null where it is no finite number", () => {
    expect(track(2, [1, Number.NaN]).firstAndLast()).toEqual({ lossFirst: 1, lossLast: null });
  });

  test("is null before a tenth of the steps is done", () => {
    expect(track(100, [1, 2]).firstAndLast()).toEqual({ lossFirst: null, lossLast: null });
  });
});
