import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of Reshape equals central differences", () => {
  test.each([
    { shape: [6, 2], y: [6, 2] },
    { shape: [-1, 4], y: [3, 4] },
    { shape: [0, -1], y: [2, 6] },
  ])("to the constant shape $shape", async ({ shape, y }) => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3, 2] },
      target: y,
      build(g) {
        const wanted = g.initializer("wanted", {
          elementType: "int64",
          shape: [shape.length],
          data: BigInt64Array.from(shape, BigInt),
        });
        return g.op("Exp", [g.op("Reshape", ["p", wanted])]);
      },
    });
  });

  test("to a shape that the graph computes from a batch size known only at run time", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [2, 3] },
      inputs: { x: { dims: ["N", 2, 3], sizes: [4, 2, 3] } },
      target: [4, 6],
      build(g) {
        const zero = g.initializer("zero", { elementType: "int64", shape: [1], data: BigInt64Array.of(0n) });
        const rest = g.initializer("rest", { elementType: "int64", shape: [1], data: BigInt64Array.of(-1n) });
        const batch = g.op("Gather", [g.op("Shape", ["x"]), zero]);
        const shape = g.op("Concat", [batch, rest], { axis: 0 });
        return g.op("Reshape", [g.op("Mul", ["x", "w"]), shape]);
      },
    });
  });
});
