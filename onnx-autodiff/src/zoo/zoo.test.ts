import { describe, expect, test } from "vitest";
import { codeOf } from "../testing/error-code.js";
import { float32, int64, openGraph, scalarOf, type Feed } from "../testing/run-graph.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
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
