import { describe, expect, test } from "vitest";
import { sampleLoss } from "./sample-loss.js";

describe("the loss on a sample", () => {
  test("is the mean of its batches' losses", async () => {
    expect(await sampleLoss([1, 2, 6], (batch) => Promise.resolve(batch))).toBe(3);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("is null where one is %s", async (loss) => {
    expect(await sampleLoss([1, 2], (batch) => Promise.resolve(batch === 2 ? loss : 1))).toBeNull();
  });

  test("is null without batches", async () => {
    expect(await sampleLoss([], () => Promise.resolve(1))).toBeNull();
  });
});
