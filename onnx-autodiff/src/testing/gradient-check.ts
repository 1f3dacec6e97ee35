import { expect } from "vitest";
import { createGraphBuilder, type ModelBuilder } from "../builder/create-graph-builder.js";
import type { Dim } from "../graph/tensor-type.js";
import type { LossKind, LossOptions } from "../losses/loss.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
import { createUniform } from "../zoo/weights.js";
import {
  float32,
  float64,
  numbersOf,
  openGraph,
  scalarOf,
  type Feed,
  type GraphRunner,
} from "./run-graph.js";

export interface GradientCase {
  /** Graph inputs: declared dims, and the sizes that the check runs with. */
  readonly inputs?: Readonly<
    Record<string, { readonly dims: readonly Dim[]; readonly sizes: readonly number[] }>
  >;
  /** float64 by default; float32 for operators that the runtime has no other kernel of. */
  readonly elementType?: "float32" | "float64";
  /** Trained initializers. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  /** Range of the random values of inputs and parameters; [-1, 1] by default. */
  readonly range?: readonly [number, number];
  readonly opset?: number;
  readonly loss?: LossKind | LossOptions;
  /** Size of the target, which is random in (0, 1), or the target itself. */
  readonly target: readonly number[] | Feed;
  /** Emits the model and returns its output. Inputs and parameters are values under their own names. */
  build(builder: ModelBuilder): string;
}

/**
 * Half the distance of a central difference, whose error is about step^2 plus rounding / step; and what it is good
 * for, relative to the largest entry of the gradient.
 */
const PRECISION = {
  float64: { step: 1e-5, tolerance: 1e-7 },
  float32: { step: 1e-2, tolerance: 5e-3 },
} as const;

/** Expects every `<name>.grad` of the train graph to equal the central differences of its loss, in float64. */
export async function expectGradientsMatchDifferences(check: GradientCase): Promise<void> {
  const { model, feeds } = prepare(check);
  const elementType = check.elementType ?? "float64";
  const graphs = buildTrainingGraphs(model, {
    loss: check.loss ?? "mean-squared-error",
    outputGradients: true,
    trainable: Object.keys(check.parameters),
  });
  const runner = await openGraph(graphs.train);
  try {
    const all: Record<string, Feed> = { ...feeds, learning_rate: float32([], [0]) };
    for (const { name, elementType, shape, data } of graphs.parameters)
      all[name] = { elementType, shape, data };
    for (const { name, ...tensor } of graphs.state) all[name] = tensor;
    const results = await runner.run(all);
    expect(graphs.parameters.map(({ name }) => name)).toEqual(Object.keys(check.parameters));
    for (const { name } of graphs.parameters) {
      const wanted = await centralDifferences(runner, all, { name, elementType });
      expectClose(numbersOf(results[`${name}.grad`]), wanted, PRECISION[elementType].tolerance);
      expect(results[`${name}.grad`]?.shape).toEqual(all[name]?.shape);
    }
  } finally {
    await runner.close();
  }
}

function prepare(check: GradientCase): { readonly model: Uint8Array; readonly feeds: Record<string, Feed> } {
  const uniform = createUniform(7);
  const [low, high] = check.range ?? [-1, 1];
  const elementType = check.elementType ?? "float64";
  const random = (shape: readonly number[], from = low, to = high): Feed =>
    tensorOf(
      elementType,
      shape,
      Array.from(
        { length: shape.reduce((product, dim) => product * dim, 1) },
        () => from + (to - from) * uniform(),
      ),
    );
  const builder = createGraphBuilder({ name: "check", opset: check.opset ?? 17 });
  const feeds: Record<string, Feed> = {};
  for (const [name, { dims, sizes }] of Object.entries(check.inputs ?? {})) {
    builder.input(name, elementType, dims);
    feeds[name] = random(sizes);
  }
  for (const [name, shape] of Object.entries(check.parameters)) builder.initializer(name, random(shape));
  builder.output("prediction", check.build(builder));
  feeds["target"] = "data" in check.target ? check.target : random(check.target, 0, 1);
  return { model: builder.build(), feeds };
}

async function centralDifferences(
  runner: GraphRunner,
  feeds: Readonly<Record<string, Feed>>,
  { name, elementType }: { readonly name: string; readonly elementType: "float32" | "float64" },
): Promise<readonly number[]> {
  const { step: distance } = PRECISION[elementType];
  const at = numbersOf(feeds[name]);
  const shape = feeds[name]?.shape ?? [];
  const lossAt = async (index: number, step: number): Promise<number> => {
    const moved = at.map((value, i) => (i === index ? value + step : value));
    return scalarOf((await runner.run({ ...feeds, [name]: tensorOf(elementType, shape, moved) }))["loss"]);
  };
  const differences: number[] = [];
  for (let index = 0; index < at.length; index++) {
    differences.push(((await lossAt(index, distance)) - (await lossAt(index, -distance))) / (2 * distance));
  }
  return differences;
}

function tensorOf(
  elementType: "float32" | "float64",
  shape: readonly number[],
  values: readonly number[],
): Feed {
  return elementType === "float32" ? float32(shape, values) : float64(shape, values);
}

function expectClose(actual: readonly number[], wanted: readonly number[], tolerance: number): void {
  const largest = Math.max(...wanted.map(Math.abs));
  expect(largest).toBeGreaterThan(0);
  expect(actual.length).toBe(wanted.length);
  const worst = Math.max(...actual.map((value, index) => Math.abs(value - (wanted[index] ?? NaN))));
  expect(worst / largest).toBeLessThan(tolerance);
}
