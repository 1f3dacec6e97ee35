import { describe, expect, test } from "vitest";
import type { ModelBuilder } from "../../builder/create-graph-builder.js";
import { expectGradientsMatchDifferences } from "../../testing/gradient-check.js";
import { errorOf } from "../../testing/error-code.js";
import { createGraphBuilder } from "../../builder/create-graph-builder.js";
import { buildTrainingGraphs } from "../../training/build-training-graphs.js";

const [STEPS, BATCH, FEATURES, HIDDEN] = [3, 2, 3, 2];

const CELLS = [
  ["RNN", 1, {}],
  ["GRU", 3, { linear_before_reset: 0 }],
  ["GRU", 3, { linear_before_reset: 1 }],
  ["LSTM", 4, {}],
] as const;

function weights(numGates: number, directions: number): Record<string, readonly number[]> {
  return {
    w: [directions, numGates * HIDDEN, FEATURES],
    r: [directions, numGates * HIDDEN, HIDDEN],
    b: [directions, 2 * numGates * HIDDEN],
  };
}

const outputOf = (
  g: ModelBuilder,
  type: string,
  inputs: readonly string[],
  options: { readonly attributes: object; readonly index?: number },
): string =>
  g.ops(type, inputs, { hidden_size: HIDDEN, ...options.attributes }, type === "LSTM" ? 3 : 2)[
    options.index ?? 0
  ] ?? "";

describe.each(CELLS)(
  "the gradient of %s with %i gates and %j equals central differences",
  (type, gates, given) => {
    test.each(["forward", "reverse", "bidirectional"])("of the whole sequence, %s", async (direction) => {
      const directions = direction === "bidirectional" ? 2 : 1;
      await expectGradientsMatchDifferences({
        elementType: "float32",
        parameters: { x: [STEPS, BATCH, FEATURES], ...weights(gates, directions) },
        target: [STEPS, directions, BATCH, HIDDEN],
        build: (g) => outputOf(g, type, ["x", "w", "r", "b"], { attributes: { ...given, direction } }),
      });
    });

    test("of the last state, from a trained initial state", async () => {
      await expectGradientsMatchDifferences({
        elementType: "float32",
        parameters: { x: [STEPS, BATCH, FEATURES], ...weights(gates, 1), h: [1, BATCH, HIDDEN] },
        target: [1, BATCH, HIDDEN],
        build: (g) => outputOf(g, type, ["x", "w", "r", "b", "", "h"], { attributes: given, index: 1 }),
      });
    });

    test("without a bias, for a batch size known only at run time", async () => {
      await expectGradientsMatchDifferences({
        elementType: "float32",
        inputs: { x: { dims: [STEPS, "N", FEATURES], sizes: [STEPS, 4, FEATURES] } },
        parameters: { w: weights(gates, 1)["w"] ?? [], r: weights(gates, 1)["r"] ?? [] },
        target: [STEPS, 1, 4, HIDDEN],
        build: (g) => outputOf(g, type, ["x", "w", "r"], { attributes: given }),
      });
    });

    test("of a single step", async () => {
      await expectGradientsMatchDifferences({
        elementType: "float32",
        parameters: { x: [1, BATCH, FEATURES], ...weights(gates, 1), h: [1, BATCH, HIDDEN] },
        target: [1, 1, BATCH, HIDDEN],
        build: (g) => outputOf(g, type, ["x", "w", "r", "b", "", "h"], { attributes: given }),
      });
    });
  },
);

test("the gradient of an LSTM's cell state equals central differences", async () => {
  await expectGradientsMatchDifferences({
    elementType: "float32",
    parameters: { x: [STEPS, BATCH, FEATURES], ...weights(4, 2), c: [2, BATCH, HIDDEN] },
    target: [2, BATCH, HIDDEN],
    build: (g) =>
      outputOf(g, "LSTM", ["x", "w", "r", "b", "", "", "c"], {
        attributes: { direction: "bidirectional" },
        index: 2,
      }),
  });
});

test.each(["forward", "bidirectional"])(
  "the gradient of an LSTM with peepholes equals central differences, %s",
  async (direction) => {
    const directions = direction === "forward" ? 1 : 2;
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: {
        x: [STEPS, BATCH, FEATURES],
        ...weights(4, directions),
        h: [directions, BATCH, HIDDEN],
        c: [directions, BATCH, HIDDEN],
        p: [directions, 3 * HIDDEN],
      },
      target: [STEPS, directions, BATCH, HIDDEN],
      build: (g) =>
        outputOf(g, "LSTM", ["x", "w", "r", "b", "", "h", "c", "p"], { attributes: { direction } }),
    });
  },
);

test("the gradient of a GRU with hard sigmoids equals central differences", async () => {
  await expectGradientsMatchDifferences({
    elementType: "float32",
    parameters: { x: [STEPS, BATCH, FEATURES], ...weights(3, 1) },
    target: [STEPS, 1, BATCH, HIDDEN],
    build: (g) => {
      const attributes = {
        activations: { texts: ["HardSigmoid", "Tanh"] },
        activation_alpha: { floats: [0.2] },
        activation_beta: { floats: [0.5] },
      };
      return outputOf(g, "GRU", ["x", "w", "r", "b"], { attributes });
    },
  });
});

describe.each(CELLS)(
  "the gradient of %s with %i gates and %j over a Scan equals central differences",
  (type, gates, given) => {
    test("for more steps than are written out, in both directions", async () => {
      await expectGradientsMatchDifferences({
        elementType: "float32",
        inputs: { x: { dims: [18, "N", FEATURES], sizes: [18, BATCH, FEATURES] } },
        parameters: weights(gates, 2),
        target: [18, 2, BATCH, HIDDEN],
        build: (g) =>
          outputOf(g, type, ["x", "w", "r", "b"], { attributes: { ...given, direction: "bidirectional" } }),
      });
    });

    test("for a number of steps and examples known only at run time", async () => {
      await expectGradientsMatchDifferences({
        elementType: "float32",
        inputs: { x: { dims: ["T", "N", FEATURES], sizes: [4, BATCH, FEATURES] } },
        parameters: { ...weights(gates, 1), h: [1, BATCH, HIDDEN] },
        target: [1, BATCH, HIDDEN],
        build: (g) => outputOf(g, type, ["x", "w", "r", "b", "", "h"], { attributes: given, index: 1 }),
      });
    });
  },
);

test("the gradient of an LSTM with peepholes over a Scan equals central differences", async () => {
  await expectGradientsMatchDifferences({
    elementType: "float32",
    inputs: { x: { dims: [18, BATCH, FEATURES], sizes: [18, BATCH, FEATURES] } },
    parameters: { ...weights(4, 1), c: [1, BATCH, HIDDEN], p: [1, 3 * HIDDEN] },
    target: [18, 1, BATCH, HIDDEN],
    build: (g) => outputOf(g, "LSTM", ["x", "w", "r", "b", "", "", "c", "p"], { attributes: {} }),
  });
});

test("a recurrent node with sequence lengths is refused by name", () => {
  const g = createGraphBuilder({ name: "packed" });
  g.input("x", "float32", [STEPS, 1, FEATURES]);
  g.input("lengths", "int32", [1]);
  for (const [name, shape] of Object.entries(weights(1, 1))) {
    const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
    g.initializer(name, { elementType: "float32", shape, data });
  }
  g.output("y", outputOf(g, "RNN", ["x", "w", "r", "b", "lengths"], { attributes: {} }));

  const error = errorOf(() => buildTrainingGraphs(g.build(), { loss: "mean-squared-error" }));

  expect(error?.code).toBe("ONNX_UNSUPPORTED_OPERATOR");
  expect(error?.message).toContain("it takes sequence lengths");
});
