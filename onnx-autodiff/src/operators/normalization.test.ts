import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { float } from "../onnx/attributes.js";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";
import { float32, numbersOf, openGraph } from "../testing/run-graph.js";
import { buildTrainingGraphs, type TrainingGraphs } from "../training/build-training-graphs.js";
import type { ModelBuilder } from "../builder/create-graph-builder.js";

const statistics = (g: ModelBuilder): readonly [string, string] => [
  g.initializer("mean", { elementType: "float32", shape: [3], data: Float32Array.of(0.1, -0.2, 0.3) }),
  g.initializer("variance", { elementType: "float32", shape: [3], data: Float32Array.of(0.5, 1, 2) }),
];

describe("gradients of normalizations equal central differences", () => {
  test.each([[[4, 3]], [[2, 3, 4]], [[2, 3, 2, 3]]])(
    "BatchNormalization of %j in training mode",
    async (x) => {
      await expectGradientsMatchDifferences({
        elementType: "float32",
        parameters: { x, scale: [3], bias: [3] },
        target: x,
        build: (g) =>
          g.ops("BatchNormalization", ["x", "scale", "bias", ...statistics(g)], { training_mode: 1 }, 3)[0] ??
          "",
      });
    },
  );

  test("BatchNormalization with fixed statistics", async () => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: { x: [2, 3, 4], scale: [3], bias: [3] },
      target: [2, 3, 4],
      build: (g) => g.op("BatchNormalization", ["x", "scale", "bias", ...statistics(g)]),
    });
  });

  test.each([-1, 1])("LayerNormalization from axis %i on", async (axis) => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: { x: [2, 3, 4], scale: axis === 1 ? [3, 4] : [4], bias: axis === 1 ? [3, 4] : [4] },
      target: [2, 3, 4],
      build: (g) => g.op("LayerNormalization", ["x", "scale", "bias"], { axis }),
    });
  });

  test("InstanceNormalization", async () => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: { x: [2, 3, 4, 2], scale: [3], bias: [3] },
      target: [2, 3, 4, 2],
      build: (g) => g.op("InstanceNormalization", ["x", "scale", "bias"]),
    });
  });
});

/** Two channels over a batch of two, momentum 3/4, so that every number can be worked out by hand. */
function trained(): TrainingGraphs {
  const g = createGraphBuilder({ name: "bn" });
  g.input("x", "float32", ["N", 2]);
  const tensor = (name: string, ...values: number[]): string =>
    g.initializer(name, { elementType: "float32", shape: [2], data: Float32Array.from(values) });
  const inputs = [
    "x",
    tensor("scale", 1, 1),
    tensor("bias", 0, 0),
    tensor("mean", 0, 0),
    tensor("variance", 1, 1),
  ];
  const attributes = { training_mode: 1, momentum: float(0.75), epsilon: float(0) };
  g.output("y", g.ops("BatchNormalization", inputs, attributes, 3)[0] ?? "");
  return buildTrainingGraphs(g.build(), { loss: "mean-squared-error" });
}

describe("running statistics", () => {
  test("are state, and no parameters", () => {
    const graphs = trained();

    expect(graphs.parameters.map((tensor) => tensor.name)).toEqual(["scale", "bias"]);
    expect(graphs.state.map((tensor) => tensor.name)).toEqual(["mean", "variance"]);
    expect(graphs.statistics).toEqual(["mean", "variance"]);
  });

  test("move by momentum towards the batch's mean and population variance", async () => {
    const graphs = trained();
    const feeds = {
      x: float32([2, 2], [2, 10, 6, 10]),
      target: float32([2, 2], [0, 0, 0, 0]),
      learning_rate: float32([], [0]),
    };
    const tensors = [...graphs.parameters, ...graphs.state].map(({ name, ...tensor }) => [name, tensor]);
    const runner = await openGraph(graphs.train);
    const results = await runner.run({ ...feeds, ...Object.fromEntries(tensors) });
    await runner.close();

    // Means 4 and 10, variances 4 and 0: a quarter of the way from 0 and 1.
    expect(numbersOf(results["mean.next"])).toEqual([1, 2.5]);
    expect(numbersOf(results["variance.next"])).toEqual([1.75, 0.75]);
  });

  test("are what inference normalizes with", async () => {
    const graphs = trained();
    const runner = await openGraph(graphs.infer);
    const results = await runner.run({
      x: float32([1, 2], [5, 5]),
      scale: float32([2], [1, 1]),
      bias: float32([2], [0, 0]),
      mean: float32([2], [1, 3]),
      variance: float32([2], [4, 1]),
    });
    await runner.close();

    expect(numbersOf(results["y"])).toEqual([2, 2]);
  });
});
