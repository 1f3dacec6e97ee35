import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of MatMul equals central differences", () => {
  const cases = [
    { a: [2, 3], b: [3, 4], y: [2, 4] },
    { a: [2, 5, 3], b: [3, 4], y: [2, 5, 4] },
    { a: [2, 5, 3], b: [2, 3, 4], y: [2, 5, 4] },
    { a: [5, 3], b: [2, 3, 4], y: [2, 5, 4] },
    { a: [2, 1, 2, 3], b: [3, 3, 2], y: [2, 3, 2, 2] },
    { a: [3], b: [3, 4], y: [4] },
    { a: [2, 3], b: [3], y: [2] },
    { a: [3], b: [2, 3, 4], y: [2, 4] },
    { a: [2, 4, 3], b: [3], y: [2, 4] },
  ];

  test.each(cases)("for shapes $a and $b", async ({ a, b, y }) => {
    await expectGradientsMatchDifferences({
      parameters: { a, b },
      target: y,
      build: (g) => g.op("MatMul", ["a", "b"]),
    });
  });

  test("for a sequence whose batch size and length are known only at run time", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [3, 4], v: [4, 2] },
      inputs: { x: { dims: ["N", "T", 3], sizes: [2, 5, 3] } },
      target: [2, 5, 2],
      build: (g) => g.op("MatMul", [g.op("MatMul", ["x", "w"]), "v"]),
    });
  });

  test("for a batch of matrices whose batch size is known only at run time", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [1, 3, 4] },
      inputs: { x: { dims: ["N", 2, 3], sizes: [5, 2, 3] } },
      target: [5, 2, 4],
      build: (g) => g.op("MatMul", ["x", "w"]),
    });
  });
});
