import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

// A matrix product takes its gradient in the exact shape only, so a sum left out cannot hide.
describe("gradients of a broadcast that only the run decides equal central differences", () => {
  test.each([
    { n: 4, m: 1 },
    { n: 1, m: 4 },
    { n: 4, m: 4 },
  ])("for batches of $n and $m", async ({ n, m }) => {
    await expectGradientsMatchDifferences({
      parameters: { v: [3, 3], w: [3, 3] },
      inputs: { x: { dims: ["N", 3], sizes: [n, 3] }, y: { dims: ["M", 3], sizes: [m, 3] } },
      target: [Math.max(n, m), 3],
      build: (g) => g.op("Mul", [g.op("MatMul", ["x", "v"]), g.op("MatMul", ["y", "w"])]),
    });
  });

  test("for a symbol against a known size", async () => {
    await expectGradientsMatchDifferences({
      parameters: { v: [3, 3], w: [4, 3] },
      inputs: { x: { dims: ["N", 3], sizes: [1, 3] } },
      target: [4, 3],
      build: (g) => g.op("Add", [g.op("MatMul", ["x", "v"]), "w"]),
    });
  });

  test("for inputs of different rank", async () => {
    await expectGradientsMatchDifferences({
      parameters: { v: [3, 3], w: [3, 3] },
      inputs: { x: { dims: ["N", 3], sizes: [1, 3] }, y: { dims: ["B", "M", 3], sizes: [2, 4, 3] } },
      target: [2, 4, 3],
      build: (g) => g.op("Mul", [g.op("MatMul", ["x", "v"]), g.op("MatMul", ["y", "w"])]),
    });
  });
});
