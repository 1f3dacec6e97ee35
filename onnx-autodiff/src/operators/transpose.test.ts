import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of Transpose equals central differences", () => {
  test("with a permutation that is not its own inverse", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3, 4] },
      target: [4, 2, 3],
      build: (g) => g.op("Exp", [g.op("Transpose", ["p"], { perm: [2, 0, 1] })]),
    });
  });

  test("with the default permutation, which reverses the axes", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3, 4] },
      target: [4, 3, 2],
      build: (g) => g.op("Exp", [g.op("Transpose", ["p"])]),
    });
  });
});
