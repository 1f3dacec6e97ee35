import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of Div equals central differences", () => {
  test.each([
    { a: [2, 3], b: [2, 3], y: [2, 3] },
    { a: [2, 3], b: [3], y: [2, 3] },
    { a: [1], b: [2, 3], y: [2, 3] },
  ])("for shapes $a and $b", async ({ a, b, y }) => {
    await expectGradientsMatchDifferences({
      parameters: { a, b },
      range: [0.5, 2],
      target: y,
      build: (g) => g.op("Div", ["a", "b"]),
    });
  });
});
