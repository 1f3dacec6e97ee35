import { describe, expect, test } from "vitest";
import { createGraphBuilder, type ModelBuilder } from "../builder/create-graph-builder.js";
import { decodeModel } from "../onnx/model.js";
import { errorOf } from "../testing/error-code.js";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";
import { float32, numbersOf, openGraph } from "../testing/run-graph.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";

const X = float32(
  [2, 3, 4],
  Array.from({ length: 24 }, (_, index) => ((index * 7) % 11) / 5 - 1),
);
const W = float32([4], [0.5, -1, 2, 1.5]);

/** x [N, 3, 4] times a parameter, then `last`. */
function modelOf(opset: number, last: (g: ModelBuilder, value: string) => string): Uint8Array {
  const g = createGraphBuilder({ name: "old", opset });
  g.input("x", "float32", ["N", 3, 4]);
  g.initializer("w", W);
  g.output("y", last(g, g.op("Mul", ["x", "w"])));
  return g.build();
}

describe("a model from before opset 13 gives the same results in opset 16", () => {
  const cases: readonly (readonly [string, (g: ModelBuilder, value: string) => string])[] = [
    ["Softmax flattening at axis 1", (g, value) => g.op("Softmax", [value], { axis: 1 })],
    ["Softmax at the default axis", (g, value) => g.op("Softmax", [value])],
    ["LogSoftmax at the last axis", (g, value) => g.op("LogSoftmax", [value], { axis: 2 })],
    [
      "ReduceSum with axes as an attribute",
      (g, value) => g.declare(g.op("ReduceSum", [value], { axes: [1], keepdims: 0 }), "float32", ["N", 4]),
    ],
    ["ReduceSum over everything", (g, value) => g.op("ReduceSum", [value])],
    ["ReduceMean with axes as an attribute", (g, value) => g.op("ReduceMean", [value], { axes: [2] })],
  ];

  test.each(cases)("for %s", async (_, last) => {
    const model = modelOf(11, last);
    const { infer } = buildTrainingGraphs(model, { loss: "mean-squared-error" });
    const [before, after] = [await openGraph(model), await openGraph(infer)];

    const wanted = await before.run({ x: X });
    const actual = await after.run({ x: X, w: W });
    await Promise.all([before.close(), after.close()]);

    expect(decodeModel(infer).opsetImports[0]?.version).toBe(16);
    expect(actual["y"]?.shape).toEqual(wanted["y"]?.shape);
    numbersOf(wanted["y"]).forEach((value, index) => {
      // The runtime may sum in another order: a few float32 roundings of numbers below 20.
      expect(numbersOf(actual["y"])[index]).toBeCloseTo(value, 5);
    });
  });

  test("and a node that cannot be rewritten is named", () => {
    const error = errorOf(() =>
      buildTrainingGraphs(
        modelOf(11, (g, value) => g.declare(g.op("Hardmax", [value]), "float32", ["N", 3, 4])),
        { loss: "mean-squared-error" },
      ),
    );

    expect(error?.code).toBe("ONNX_UNSUPPORTED_OPERATOR");
    expect(error?.details).toMatchObject({ operator: "Hardmax", opset: 11 });
  });
});

describe("gradients are right in every opset", () => {
  test.each([13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23])("in opset %i", async (opset) => {
    await expectGradientsMatchDifferences({
      parameters: { w: [3, 4], b: [4] },
      inputs: { x: { dims: ["N", 3], sizes: [2, 3] } },
      opset,
      loss: { kind: "softmax-cross-entropy", target: "one-hot" },
      target: [2, 4],
      build: (g) => g.op("Relu", [g.op("Gemm", ["x", "w", "b"])]),
    });
  });
});
