import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of ReduceSum equals central differences", () => {
  test.each([
    { axes: [1], keepdims: 1, y: [2, 1, 4] },
    { axes: [0, 2], keepdims: 0, y: [3] },
    { axes: [-1], keepdims: 0, y: [2, 3] },
  ])("with axes $axes as an input and keepdims $keepdims", async ({ axes, keepdims, y }) => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3, 4] },
      opset: 17,
      target: y,
      build(g) {
        const list = g.initializer("axes", {
          elementType: "int64",
          shape: [axes.length],
          data: BigInt64Array.from(axes, BigInt),
        });
        return g.op("ReduceSum", ["p", list], { keepdims });
      },
    });
  });

  test("over all axes by default", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3] },
      opset: 17,
      target: [1, 1],
      build: (g) => g.op("ReduceSum", ["p"]),
    });
  });

  test("over a batch whose size is known only at run time", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [3] },
      inputs: { x: { dims: ["N", 3], sizes: [4, 3] } },
      opset: 17,
      target: [3],
      build(g) {
        const axes = g.initializer("axes", { elementType: "int64", shape: [1], data: BigInt64Array.of(0n) });
        return g.op("ReduceSum", [g.op("Mul", ["x", "w"]), axes], { keepdims: 0 });
      },
    });
  });
});
