import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";
import { float } from "../onnx/attributes.js";

describe("the gradient of Gemm equals central differences", () => {
  const flags = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ] as const;

  test.each(flags)("with transA %i and transB %i, scaled by alpha and beta", async (transA, transB) => {
    await expectGradientsMatchDifferences({
      parameters: { a: transA === 0 ? [2, 3] : [3, 2], b: transB === 0 ? [3, 4] : [4, 3], c: [4] },
      target: [2, 4],
      build: (g) => g.op("Gemm", ["a", "b", "c"], { alpha: float(0.5), beta: float(-1.5), transA, transB }),
    });
  });

  test.each([[[1]], [[1, 1]], [[2, 1]], [[1, 4]], [[2, 4]], [[]]])(
    "with a bias of shape %j",
    async (bias) => {
      await expectGradientsMatchDifferences({
        parameters: { b: [3, 4], c: bias },
        inputs: { x: { dims: [2, 3], sizes: [2, 3] } },
        target: [2, 4],
        build: (g) => g.op("Gemm", ["x", "b", "c"]),
      });
    },
  );

  test("without a bias and with a batch size known only at run time", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [3, 4], v: [4, 2] },
      inputs: { x: { dims: ["N", 3], sizes: [5, 3] } },
      target: [5, 2],
      build: (g) => g.op("Gemm", [g.op("Gemm", ["x", "w"]), "v"]),
    });
  });
});
