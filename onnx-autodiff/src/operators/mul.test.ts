import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of Mul equals central differences", () => {
  test.each([
    { a: [2, 3], b: [2, 3], y: [2, 3] },
    { a: [2, 3], b: [3], y: [2, 3] },
    { a: [1], b: [2, 3], y: [2, 3] },
    { a: [4, 1, 3], b: [2, 1], y: [4, 2, 3] },
    { a: [], b: [2, 3], y: [2, 3] },
  ])("for shapes $a and $b", async ({ a, b, y }) => {
    await expectGradientsMatchDifferences({
      parameters: { a, b },
      target: y,
      build: (g) => g.op("Mul", ["a", "b"]),
    });
  });

  test("against an input whose batch size is known only at run time", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [3], q: [1, 3] },
      inputs: { x: { dims: ["N", 3], sizes: [4, 3] } },
      target: [4, 3],
      build: (g) => g.op("Mul", ["q", g.op("Mul", ["x", "p"])]),
    });
  });

  test("where the same value is on both sides", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3] },
      target: [2, 3],
      build: (g) => g.op("Exp", [g.op("Mul", [g.op("Exp", ["p"]), "p"])]),
    });
  });
});
