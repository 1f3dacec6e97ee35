import { describe, test } from "vitest";
import type { ModelBuilder } from "../builder/create-graph-builder.js";
import { float } from "../onnx/attributes.js";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

type Build = (g: ModelBuilder) => string;

const apply =
  (type: string, attributes = {}): Build =>
  (g) =>
    g.op(type, ["p"], attributes);

/** Scalars as the model would hold them. */
const scalar = (g: ModelBuilder, name: string, value: number): string =>
  g.initializer(name, { elementType: "float64", shape: [], data: Float64Array.of(value) });

describe("gradients of elementwise functions equal central differences in float64", () => {
  test.each<readonly [string, readonly [number, number], Build]>([
    ["LeakyRelu", [-2, 2], apply("LeakyRelu", { alpha: float(0.3) })],
    [
      "Softsign by parts",
      [-2, 2],
      (g) => g.op("Div", ["p", g.op("Add", [g.op("Abs", ["p"]), scalar(g, "one", 1)])]),
    ],
    ["Reciprocal", [0.5, 2], apply("Reciprocal")],
    ["Sin", [-2, 2], apply("Sin")],
    ["Cos", [-2, 2], apply("Cos")],
    ["Pow with exponent 2", [-2, 2], (g) => g.op("Pow", ["p", scalar(g, "two", 2)])],
    ["Pow with exponent 3.5", [0.5, 2], (g) => g.op("Pow", ["p", scalar(g, "exponent", 3.5)])],
    [
      "Clip on both sides",
      [-2, 2],
      (g) => g.op("Clip", ["p", scalar(g, "low", -0.9), scalar(g, "high", 1.1)]),
    ],
    ["Clip from above", [-2, 2], (g) => g.op("Clip", ["p", "", scalar(g, "high", 0.3)])],
    ["CumSum", [-2, 2], (g) => g.op("CumSum", ["p", axis(g, 1)])],
    [
      "CumSum, reverse and exclusive",
      [-2, 2],
      (g) => g.op("CumSum", ["p", axis(g, 0)], { reverse: 1, exclusive: 1 }),
    ],
    ["Trilu", [-2, 2], apply("Trilu", { upper: 0 })],
  ])("%s", async (_, range, build) => {
    await expectGradientsMatchDifferences({ parameters: { p: [3, 4] }, range, target: [3, 4], build });
  });

  test("Pow with a trained exponent that broadcasts", async () => {
    await expectGradientsMatchDifferences({
      parameters: { x: [3, 4], p: [4] },
      range: [0.5, 2],
      target: [3, 4],
      build: (g) => g.op("Pow", ["x", "p"]),
    });
  });

  test("PRelu with a slope per column", async () => {
    await expectGradientsMatchDifferences({
      parameters: { x: [3, 4], slope: [4] },
      target: [3, 4],
      build: (g) => g.op("PRelu", ["x", "slope"]),
    });
  });

  test.each(["Min", "Max", "Sum", "Mean"])("%s of three inputs that broadcast", async (type) => {
    await expectGradientsMatchDifferences({
      elementType: type === "Mean" ? "float32" : "float64",
      parameters: { a: [3, 4], b: [4], c: [3, 1] },
      target: [3, 4],
      build: (g) => g.op(type, ["a", "b", "c"]),
    });
  });
});

describe("gradients of functions that runtimes have in float32 only equal central differences", () => {
  test.each<readonly [string, Build, number]>([
    ["Erf", apply("Erf"), 17],
    ["Elu", apply("Elu", { alpha: float(1.5) }), 17],
    ["Selu", apply("Selu"), 17],
    ["Softplus", apply("Softplus"), 17],
    ["Softsign", apply("Softsign"), 17],
    ["HardSigmoid", apply("HardSigmoid", { alpha: float(0.4), beta: float(0.45) }), 17],
    ["HardSwish", (g) => g.op("HardSwish", [g.op("Mul", ["p", stretch(g)])]), 17],
    ["Gelu", apply("Gelu"), 20],
    ["Gelu by tanh", apply("Gelu", { approximate: "tanh" }), 20],
  ])("%s", async (_, build, opset) => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      opset,
      parameters: { p: [3, 4] },
      range: [-2.2, 2.2],
      target: [3, 4],
      build,
    });
  });
});

function axis(g: ModelBuilder, value: number): string {
  return g.initializer("axis", { elementType: "int64", shape: [], data: BigInt64Array.of(BigInt(value)) });
}

function stretch(g: ModelBuilder): string {
  return g.initializer("stretch", { elementType: "float32", shape: [], data: Float32Array.of(2) });
}
