import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of Flatten equals central differences", () => {
  test.each([
    { axis: 0, y: [1, 12] },
    { axis: 1, y: [2, 6] },
    { axis: 2, y: [6, 2] },
    { axis: 3, y: [12, 1] },
  ])("at axis $axis", async ({ axis, y }) => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3, 2] },
      target: y,
      build: (g) => g.op("Exp", [g.op("Flatten", ["p"], { axis })]),
    });
  });

  test("of a batch whose size is known only at run time", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [2, 3] },
      inputs: { x: { dims: ["N", 2, 3], sizes: [4, 2, 3] } },
      target: [4, 6],
      build: (g) => g.op("Flatten", [g.op("Mul", ["x", "w"])]),
    });
  });
});
