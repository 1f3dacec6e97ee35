import { describe, expect, test } from "vitest";
import { codeOf } from "../testing/error-code.js";
import { float32, int64, openGraph, scalarOf, type Feed } from "../testing/run-graph.js";
import { describeModel } from "../model/describe-model.js";
import { buildTrainingGraphs, type TrainingGraphs } from "../training/build-training-graphs.js";
import { autoencoder } from "./autoencoder.js";
import { charLstm } from "./char-lstm.js";
import { cnn } from "./cnn.js";
import { gru, lstm } from "./next-word.js";
import { transformer } from "./transformer.js";
import { logistic } from "./logistic.js";
import { twoNN } from "./two-nn.js";
import { createUniform } from "./weights.js";

const SGD = { loss: "softmax-cross-entropy" } as const;

describe("initial weights", () => {
  test("depend on the seed and on nothing else", () => {
    const sizes = { inputs: 6, hidden: 5, classes: 3 };

    expect(twoNN({ ...sizes, seed: 4 })).toEqual(twoNN({ ...sizes, seed: 4 }));
    expect(twoNN({ ...sizes, seed: 4 })).not.toEqual(twoNN({ ...sizes, seed: 5 }));
  });

  // A uniform distribution on [-a, a) has variance a^2 / 3; 156,800 draws put the sample variance within 1 %.
  test("of a hidden layer have He's variance 2 / inputs and mean 0", () => {
    const weight = buildTrainingGraphs(twoNN(), SGD).parameters.find(
      (tensor) => tensor.name === "fc1.weight",
    );
    const values = Array.from(weight?.data ?? [], Number);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;

    expect(values).toHaveLength(156_800);
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(2 / 784 / 156_800));
    expect(Math.abs(variance / (2 / 784) - 1)).toBeLessThan(0.01);
  });

  test("uniform numbers fill [0, 1) evenly", () => {
    const uniform = createUniform(3);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) {
      const bin = Math.floor(uniform() * 10);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);

    // 99.9 % point of chi-square with 9 degrees of freedom.
    expect(chiSquare).toBeLessThan(27.88);
  });
});

describe("sizes", () => {
  test.each([0, 1.5, -3, NaN])("a width of %d is refused", (inputs) => {
    expect(codeOf(() => logistic({ inputs, classes: 2 }))).toBe("ONNX_OPTION_INVALID");
  });
});

/** Sums of products of the sizes that each docstring gives; 1,663,370 and 866,578 are the paper's own (McMahan et al. 2017). */
describe("the number of parameters", () => {
  test.each([
    ["2nn", twoNN, 199_210],
    ["cnn", cnn, 1_663_370],
    ["char-lstm", charLstm, 866_578],
    ["gru", gru, 2000 * 48 + 3 * 96 * (48 + 96 + 2) + 96 * 2000 + 2000],
    ["lstm", lstm, 2000 * 48 + 4 * 96 * (48 + 96 + 2) + 96 * 2000 + 2000],
    [
      "transformer",
      transformer,
      2010 * 64 + 2 * (8 * 64 * 64 + 128 + 64 + 4 * 64) + 2 * 64 + 64 * 2000 + 2000,
    ],
    ["autoencoder", autoencoder, 2 * (784 * 128 + 128 * 32) + 128 + 32 + 128 + 784],
  ])("of %s is what its sizes give", (_, build, wanted) => {
    expect(describeModel(build()).numParameters).toBe(wanted);
  });
});

describe("small versions of the zoo's sequence models", () => {
  const sizes = { vocabulary: 7, steps: 4, seed: 3 };

  test.each([
    ["gru", gru({ ...sizes, embedding: 3, hidden: 8 })],
    ["lstm", lstm({ ...sizes, embedding: 3, hidden: 8 })],
    ["transformer", transformer({ ...sizes, width: 8, heads: 2, layers: 1 })],
    ["char-lstm", charLstm({ ...sizes, embedding: 3, hidden: 8 })],
    ["char-lstm over a Scan", charLstm({ ...sizes, steps: 20, embedding: 3, hidden: 8 })],
  ])("%s learns that a word is followed by itself", async (_, model) => {
    const graphs = buildTrainingGraphs(model, { ...SGD, optimizer: { kind: "adam" } });
    const steps = Number(graphs.inputs[0]?.shape?.[1]);
    const isPerStep = graphs.loss.target.shape?.length === 2;
    const words = Array.from({ length: 7 * steps }, (_, index) => Math.floor(index / steps));
    const feeds: Record<string, Feed> = {
      [graphs.inputs[0]?.name ?? ""]: int64([7, steps], words),
      target: isPerStep ? int64([7, steps], words) : int64([7], [0, 1, 2, 3, 4, 5, 6]),
      learning_rate: float32([], [0.02]),
    };

    const losses = await trainFor(200, graphs, feeds);

    // Guessing costs log 7 = 1.95.
    expect(losses[0]).toBeGreaterThan(1.8);
    expect(losses.at(-1)).toBeLessThan(0.1);
  });
});

async function trainFor(
  numSteps: number,
  graphs: TrainingGraphs,
  feeds: Record<string, Feed>,
): Promise<readonly number[]> {
  const tensors = [...graphs.parameters, ...graphs.state];
  for (const { name, ...tensor } of tensors) feeds[name] = tensor;
  const runner = await openGraph(graphs.train);
  const losses: number[] = [];
  for (let step = 0; step < numSteps; step++) {
    const results = await runner.run(feeds);
    losses.push(scalarOf(results["loss"]));
    for (const { name } of tensors) feeds[name] = results[`${name}.next`] ?? float32([0], []);
  }
  await runner.close();
  return losses;
}

describe("training", () => {
  test("2NN learns which of its features is the largest", async () => {
    const graphs = buildTrainingGraphs(twoNN({ inputs: 3, hidden: 16, classes: 3, seed: 2 }), SGD);
    const runner = await openGraph(graphs.train);
    const uniform = createUniform(9);
    const rows = Array.from({ length: 60 }, () => [uniform(), uniform(), uniform()]);
    const feeds: Record<string, Feed> = {
      input: float32([60, 3], rows.flat()),
      target: int64(
        [60],
        rows.map((row) => row.indexOf(Math.max(...row))),
      ),
      learning_rate: float32([], [0.5]),
    };
    for (const { name, elementType, shape, data } of graphs.parameters)
      feeds[name] = { elementType, shape, data };

    const losses: number[] = [];
    for (let step = 0; step < 200; step++) {
      const results = await runner.run(feeds);
      losses.push(scalarOf(results["loss"]));
      for (const { name } of graphs.parameters) feeds[name] = results[`${name}.next`] ?? float32([0], []);
    }
    await runner.close();

    // Guessing costs log 3 = 1.1.
    expect(losses[0]).toBeGreaterThan(0.8);
    expect(losses.at(-1)).toBeLessThan(0.2);
  });
});
