import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of Softmax equals central differences", () => {
  test.each([0, 1, 2, -1, -2])("along axis %i", async (axis) => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3, 4] },
      target: [2, 3, 4],
      build: (g) => g.op("Softmax", ["p"], { axis }),
    });
  });

  test("along the default axis, which is the last", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3] },
      target: [2, 3],
      build: (g) => g.op("Softmax", ["p"]),
    });
  });
});
