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
  /** Trained float64 initializers. */
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

/** Half the distance of a central difference: its error is about h^2 and rounding adds about 1e-16 / h. */
const STEP = 1e-5;

/** Relative to the largest entry of the gradient; the central difference is good to about 1e-9. */
const TOLERANCE = 1e-7;

/** Expects every `<name>.grad` of the train graph to equal the central differences of its loss, in float64. */
export async function expectGradientsMatchDifferences(check: GradientCase): Promise<void> {
  const { model, feeds } = prepare(check);
  const graphs = buildTrainingGraphs(model, {
    loss: check.loss ?? "mean-squared-error",
    outputGradients: true,
  });
  const runner = await openGraph(graphs.train);
  try {
    const all: Record<string, Feed> = { ...feeds, learning_rate: float32([], [0]) };
    for (const { name, elementType, shape, data } of graphs.parameters)
      all[name] = { elementType, shape, data };
    const results = await runner.run(all);
    expect(graphs.parameters.map(({ name }) => name)).toEqual(Object.keys(check.parameters));
    for (const { name } of graphs.parameters) {
      const wanted = await centralDifferences(runner, all, name);
      expectClose(numbersOf(results[`${name}.grad`]), wanted);
      expect(results[`${name}.grad`]?.shape).toEqual(all[name]?.shape);
    }
  } finally {
    await runner.close();
  }
}

function prepare(check: GradientCase): { readonly model: Uint8Array; readonly feeds: Record<string, Feed> } {
  const uniform = createUniform(7);
  const [low, high] = check.range ?? [-1, 1];
  const random = (shape: readonly number[], from = low, to = high): Feed =>
    float64(
      shape,
      Array.from(
        { length: shape.reduce((product, dim) => product * dim, 1) },
        () => from + (to - from) * uniform(),
      ),
    );
  const builder = createGraphBuilder({ name: "check", opset: check.opset ?? 17 });
  const feeds: Record<string, Feed> = {};
  for (const [name, { dims, sizes }] of Object.entries(check.inputs ?? {})) {
    builder.input(name, "float64", dims);
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
  name: string,
): Promise<readonly number[]> {
  const at = numbersOf(feeds[name]);
  const shape = feeds[name]?.shape ?? [];
  const lossAt = async (index: number, step: number): Promise<number> => {
    const moved = at.map((value, i) => (i === index ? value + step : value));
    return scalarOf((await runner.run({ ...feeds, [name]: float64(shape, moved) }))["loss"]);
  };
  const differences: number[] = [];
  for (let index = 0; index < at.length; index++) {
    differences.push(((await lossAt(index, STEP)) - (await lossAt(index, -STEP))) / (2 * STEP));
  }
  return differences;
}

function expectClose(actual: readonly number[], wanted: readonly number[]): void {
  const largest = Math.max(...wanted.map(Math.abs));
  expect(largest).toBeGreaterThan(0);
  expect(actual.length).toBe(wanted.length);
  const worst = Math.max(...actual.map((value, index) => Math.abs(value - (wanted[index] ?? NaN))));
  expect(worst / largest).toBeLessThan(TOLERANCE);
}
