import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { float32, numbersOf, openGraph, type Feed } from "../testing/run-graph.js";
import { buildTrainingGraphs, type TrainingGraphs } from "../training/build-training-graphs.js";

const WIDTH = 20_000;
const RATIO = 0.25;

/** y = dropout(w * x): with x of ones and a target of zeros, the gradient of w shows the mask. */
function withDropout(isTraining: boolean): TrainingGraphs {
  const g = createGraphBuilder({ name: "dropout" });
  g.input("x", "float32", ["N", WIDTH]);
  g.initializer("w", { elementType: "float32", shape: [WIDTH], data: new Float32Array(WIDTH).fill(1) });
  g.initializer("ratio", { elementType: "float32", shape: [], data: Float32Array.of(RATIO) });
  g.initializer("training", { elementType: "bool", shape: [], data: Uint8Array.of(isTraining ? 1 : 0) });
  g.output("y", g.op("Dropout", [g.op("Mul", ["x", "w"]), "ratio", "training"]));
  return buildTrainingGraphs(g.build(), {
    loss: "mean-absolute-error",
    trainable: "w",
    outputGradients: true,
  });
}

const ones: Feed = float32([1, WIDTH], new Array<number>(WIDTH).fill(1));

async function maskOf(seed: number): Promise<{ readonly kept: readonly number[]; readonly next: number }> {
  const runner = await openGraph(withDropout(true).train);
  const results = await runner.run({
    x: ones,
    w: float32([WIDTH], new Array<number>(WIDTH).fill(1)),
    target: float32([1, WIDTH], new Array<number>(WIDTH).fill(0)),
    learning_rate: float32([], [0]),
    "dropout.seed": float32([], [seed]),
  });
  await runner.close();
  const kept = numbersOf(results["w.grad"]).map((value) => value * WIDTH * (1 - RATIO));
  return { kept: kept.map(Math.round), next: numbersOf(results["dropout.seed.next"])[0] ?? NaN };
}

const correlation = (a: readonly number[], b: readonly number[]): number => {
  const product = a.reduce(
    (sum, value, index) => sum + (value - 1 + RATIO) * ((b[index] ?? 0) - 1 + RATIO),
    0,
  );
  return product / (a.length * RATIO * (1 - RATIO));
};

/** Five standard errors of the mean of WIDTH draws, in units of their standard deviation. */
const NOISE = 5 / Math.sqrt(WIDTH);

describe("dropout in a train graph", () => {
  test("keeps each element with the probability 1 - ratio and scales it up", async () => {
    const { kept } = await maskOf(1);

    const share = kept.reduce((sum, value) => sum + value, 0) / WIDTH;
    expect(new Set(kept)).toEqual(new Set([0, 1]));
    expect(Math.abs(share - (1 - RATIO))).toBeLessThan(NOISE * Math.sqrt(RATIO * (1 - RATIO)));
  });

  test.each([1, 2, 3, 7, 64])("draws neighbours at distance %i independently", async (distance) => {
    const { kept } = await maskOf(1);

    expect(Math.abs(correlation(kept.slice(distance), kept.slice(0, -distance)))).toBeLessThan(NOISE);
  });

  test("repeats the mask of a seed", async () => {
    expect((await maskOf(5)).kept).toEqual((await maskOf(5)).kept);
  });

  test("draws another mask in the next step", async () => {
    const first = await maskOf(5);

    expect(first.next).toBe(6);
    expect(Math.abs(correlation(first.kept, (await maskOf(first.next)).kept))).toBeLessThan(NOISE);
  });

  test("begins again after the last seed that a float32 counts to", async () => {
    expect((await maskOf(2 ** 24 - 1)).next).toBe(0);
  });

  test("is the identity in inference and evaluation", async () => {
    const runner = await openGraph(withDropout(true).infer);
    const results = await runner.run({ x: ones, w: float32([WIDTH], new Array<number>(WIDTH).fill(1)) });
    await runner.close();

    expect(new Set(numbersOf(results["y"]))).toEqual(new Set([1]));
  });

  test("has no state where the model was exported for inference", () => {
    expect(withDropout(false).state).toEqual([]);
  });
});
