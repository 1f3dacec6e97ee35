import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";
import { float32, float64, int64, openGraph, scalarOf, type Feed } from "../testing/run-graph.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
import type { LossKind, LossOptions } from "./loss.js";

describe("the gradient of a loss equals central differences", () => {
  test("for softmax cross-entropy with class indices", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [3, 4], b: [4] },
      inputs: { x: { dims: ["N", 3], sizes: [5, 3] } },
      loss: "softmax-cross-entropy",
      target: int64([5], [0, 3, 2, 2, 1]),
      build: (g) => g.op("Gemm", ["x", "w", "b"]),
    });
  });

  test("for softmax cross-entropy over sequences", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [3, 4] },
      inputs: { x: { dims: ["N", "T", 3], sizes: [2, 3, 3] } },
      loss: "softmax-cross-entropy",
      target: int64([2, 3], [0, 3, 2, 2, 1, 0]),
      build: (g) => g.op("MatMul", ["x", "w"]),
    });
  });

  test("for softmax cross-entropy with target distributions that do not sum to 1", async () => {
    await expectGradientsMatchDifferences({
      parameters: { w: [3, 4] },
      inputs: { x: { dims: ["N", 3], sizes: [2, 3] } },
      loss: { kind: "softmax-cross-entropy", target: "one-hot" },
      target: [2, 4],
      build: (g) => g.op("MatMul", ["x", "w"]),
    });
  });

  test.each(["Softmax", "LogSoftmax"])(
    "for softmax cross-entropy of a model that ends in %s",
    async (last) => {
      await expectGradientsMatchDifferences({
        parameters: { w: [3, 4] },
        inputs: { x: { dims: ["N", 3], sizes: [2, 3] } },
        loss: "softmax-cross-entropy",
        target: int64([2], [3, 0]),
        build: (g) => g.op(last, [g.op("MatMul", ["x", "w"])], { axis: 1 }),
      });
    },
  );

  test.each(["binary-cross-entropy", "mean-squared-error"] as const)("for %s", async (loss) => {
    await expectGradientsMatchDifferences({
      parameters: { w: [3, 2] },
      inputs: { x: { dims: ["N", 3], sizes: [4, 3] } },
      loss,
      target: [4, 2],
      build: (g) => g.op("MatMul", ["x", "w"]),
    });
  });
});

/** Losses of fixed predictions: the model multiplies its input by a parameter of ones. */
async function evaluate(options: {
  readonly loss: LossKind | LossOptions;
  readonly predictions: readonly number[];
  readonly shape: readonly number[];
  readonly target: Feed;
}): Promise<{
  readonly evaluated: Readonly<Record<string, number>>;
  readonly loss: number;
  readonly gradient: number;
}> {
  const width = options.shape[1] ?? 1;
  const g = createGraphBuilder({ name: "fixed" });
  g.input("x", "float32", ["N", width]);
  g.initializer("p", { elementType: "float32", shape: [width], data: new Float32Array(width).fill(1) });
  g.output("y", g.op("Mul", ["x", "p"]));
  const graphs = buildTrainingGraphs(g.build(), { loss: options.loss, outputGradients: true });
  const feeds = {
    x: float32(options.shape, options.predictions),
    p: float32(
      [width],
      Array.from({ length: width }, () => 1),
    ),
    target: options.target,
  };
  const [evalRunner, trainRunner] = [await openGraph(graphs.eval), await openGraph(graphs.train)];
  const evaluated = await evalRunner.run(feeds);
  const trained = await trainRunner.run({ ...feeds, learning_rate: float32([], [0]) });
  await Promise.all([evalRunner.close(), trainRunner.close()]);
  return {
    evaluated: Object.fromEntries(Object.entries(evaluated).map(([name, feed]) => [name, scalarOf(feed)])),
    loss: scalarOf(trained["loss"]),
    gradient: scalarOf(trained["p.grad"]),
  };
}

describe("values of the losses", () => {
  // Equal logits: -log(1/4) for each of two rows.
  test("cross-entropy of equal logits is the log of the number of classes", async () => {
    const { evaluated, loss } = await evaluate({
      loss: "softmax-cross-entropy",
      predictions: [1, 1, 1, 1, 2, 2, 2, 2],
      shape: [2, 4],
      target: int64([2], [0, 2]),
    });

    expect(loss).toBeCloseTo(Math.log(4), 6);
    expect(evaluated["loss_sum"]).toBeCloseTo(2 * Math.log(4), 5);
    expect(evaluated["count"]).toBe(2);
  });

  test("cross-entropy counts the rows whose largest logit is the target's", async () => {
    const { evaluated } = await evaluate({
      loss: "softmax-cross-entropy",
      predictions: [3, 1, 0, 5, 2, 1],
      shape: [3, 2],
      target: int64([3], [0, 1, 1]),
    });

    expect(evaluated["correct"]).toBe(2);
  });

  test("one-hot cross-entropy counts rows and right answers as class indices do", async () => {
    const { evaluated } = await evaluate({
      loss: { kind: "softmax-cross-entropy", target: "one-hot" },
      predictions: [3, 1, 0, 5, 2, 1],
      shape: [3, 2],
      target: float32([3, 2], [1, 0, 0, 1, 0, 1]),
    });

    expect(evaluated).toMatchObject({ correct: 2, count: 3 });
  });

  // log(1 + e^-200) is 0 and log(e^200 / (1 + e^200)) is 0 as well: only the wrong row costs 200.
  test("cross-entropy of logits 200 apart is finite", async () => {
    const { loss, gradient } = await evaluate({
      loss: "softmax-cross-entropy",
      predictions: [200, 0, 200, 0],
      shape: [2, 2],
      target: int64([2], [0, 1]),
    });

    expect(loss).toBe(100);
    expect(Number.isFinite(gradient)).toBe(true);
  });

  test("binary cross-entropy of logits of 200 is finite and counts right answers", async () => {
    const { evaluated, loss } = await evaluate({
      loss: "binary-cross-entropy",
      predictions: [200, -200, 200, -200],
      shape: [4, 1],
      target: float32([4, 1], [1, 0, 0, 0]),
    });

    expect(loss).toBe(50);
    expect(evaluated).toMatchObject({ correct: 3, count: 4 });
  });

  // Errors 1, -2, 0, 3: squares sum to 14, absolute values to 6.
  test("mean squared error sums squares, absolute errors and elements", async () => {
    const { evaluated, loss } = await evaluate({
      loss: "mean-squared-error",
      predictions: [2, 0, 5, 3],
      shape: [2, 2],
      target: float32([2, 2], [1, 2, 5, 0]),
    });

    expect(evaluated).toEqual({ loss_sum: 14, error_sum: 6, count: 4 });
    expect(loss).toBe(3.5);
  });

  test("the loss of a float64 model is float64", async () => {
    const g = createGraphBuilder({ name: "double" });
    g.initializer("p", { elementType: "float64", shape: [1, 1], data: Float64Array.of(1 / 3) });
    g.output("y", g.op("Identity", ["p"]));
    const graphs = buildTrainingGraphs(g.build(), { loss: "mean-squared-error" });
    const runner = await openGraph(graphs.train);

    const results = await runner.run({
      p: float64([1, 1], [1 / 3]),
      target: float64([1, 1], [0]),
      learning_rate: float32([], [0]),
    });
    await runner.close();

    expect(results["loss"]?.elementType).toBe("float64");
    expect(scalarOf(results["loss"])).toBeCloseTo(1 / 9, 15);
  });
});
