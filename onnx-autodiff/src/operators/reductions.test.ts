import { describe, expect, test } from "vitest";
import { createGraphBuilder, type ModelBuilder } from "../builder/create-graph-builder.js";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";
import { float32, numbersOf, openGraph } from "../testing/run-graph.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";

const TYPES = [
  "ReduceMax",
  "ReduceMin",
  "ReduceProd",
  "ReduceL1",
  "ReduceL2",
  "ReduceSumSquare",
  "ReduceLogSumExp",
] as const;

const axesOf = (g: ModelBuilder, values: readonly number[]): string =>
  g.initializer("axes", {
    elementType: "int64",
    shape: [values.length],
    data: BigInt64Array.from(values, BigInt),
  });

describe.each(TYPES)("the gradient of %s equals central differences", (type) => {
  test.each([
    [[1], 1, [3, 1, 2]],
    [[1], 0, [3, 2]],
    [[0, -1], 0, [4]],
  ] as const)("over axes %j with keepdims %i as an attribute", async (axes, keepdims, target) => {
    await expectGradientsMatchDifferences({
      parameters: { p: [3, 4, 2] },
      target,
      build: (g) => g.op(type, ["p"], { axes, keepdims }),
    });
  });

  test("over everything", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [3, 4] },
      target: [],
      build: (g) => g.op(type, ["p"], { keepdims: 0 }),
    });
  });

  test("over axes given as an input, as since opset 18", async () => {
    await expectGradientsMatchDifferences({
      opset: 18,
      parameters: { p: [3, 4] },
      target: [3],
      build: (g) => g.op(type, ["p", axesOf(g, [1])], { keepdims: 0 }),
    });
  });
});

async function gradientAt(type: string, values: readonly number[]): Promise<readonly number[]> {
  const g = createGraphBuilder({ name: "check" });
  g.initializer("p", { elementType: "float32", shape: [values.length], data: Float32Array.from(values) });
  g.output("y", g.op(type, ["p"], { keepdims: 1 }));
  const graphs = buildTrainingGraphs(g.build(), { loss: "mean-absolute-error", outputGradients: true });
  const runner = await openGraph(graphs.train);
  const feeds = {
    p: float32([values.length], values),
    target: float32([1], [-1]),
    learning_rate: float32([], [0]),
  };
  const results = await runner.run(feeds);
  await runner.close();
  return numbersOf(results["p.grad"]);
}

describe("where a reduction has no unique derivative", () => {
  test("equal maxima share the gradient", async () => {
    expect(await gradientAt("ReduceMax", [3, 1, 3, 2])).toEqual([0.5, 0, 0.5, 0]);
  });

  test("the gradient of a product with one zero is the product of the others", async () => {
    expect(await gradientAt("ReduceProd", [2, 0, 5])).toEqual([0, 10, 0]);
  });

  test("the gradient of a product with two zeros is zero", async () => {
    expect(await gradientAt("ReduceProd", [2, 0, 0])).toEqual([0, 0, 0]);
  });

  test("the gradient of a norm at the origin is zero", async () => {
    expect(await gradientAt("ReduceL2", [0, 0])).toEqual([0, 0]);
  });
});
