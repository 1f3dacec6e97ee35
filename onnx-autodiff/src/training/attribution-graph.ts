import { FedgeError } from "@fedge/protocol";
import type { GraphBuilder, GraphOutput } from "../builder/graph-builder.js";
import { reduce, reduceSum } from "../builder/reductions.js";
import { scalarLike } from "../gradient/add-to.js";
import { differentiate } from "../gradient/backward.js";
import { readModelGraph, type ModelGraph } from "../model/model-graph.js";
import { isDifferentiable } from "../onnx/element-type.js";
import { chooseOutput, packModel, startForwardPass } from "./forward-pass.js";
import { attributionName, refuseReservedNames } from "./reserved-names.js";

export interface AttributionOptions {
  /** The output that is explained; the first by default. */
  readonly output?: string;
  /** Initializers that become inputs of the graph, as they are inputs of a generated `infer` graph. */
  readonly parameters?: readonly string[];
}

/**
 * An ONNX graph that says which inputs a model's answers come from: gradient times input (Shrikumar et al. 2016), of the
 * largest number that the output has for a row, which of a classification is the score of the answer.
 *
 * Takes what the model takes. For each floating point input it gives `<name>.attribution`, `[rows, places on axis 1]`, what
 * further axes hold summed; of an input without axis 1 one number for each row. Rows are taken to be independent of each other, as
 * they are for models that answer.
 *
 * Throws `ONNX_INVALID_GRAPH` for a model whose inputs are all whole numbers, such as tokens, and for an output that is no
 * floating point tensor with a batch axis; `ONNX_UNSUPPORTED_OPERATOR` for a node on the way that has no gradient rule;
 * otherwise as `buildTrainingGraphs`.
 */
export function buildAttributionGraph(
  model: Uint8Array,
  { output: wanted, parameters = [] }: AttributionOptions = {},
): Uint8Array<ArrayBuffer> {
  const graph = readModelGraph(model);
  refuseReservedNames(graph);
  const output = chooseOutput(graph, wanted);
  const { builder } = startForwardPass(graph, { form: "inference", inputs: parameters });
  const names = explainedInputs(builder, graph);
  const largest = largestOf(builder, output);
  const ones = builder.op("Expand", [scalarLike(builder, output, 1), builder.op("Shape", [largest])]);
  const gradients = differentiate(builder, {
    ...{ nodes: [...builder.nodes], output: largest, outputGradient: ones, parameters: names },
    consequence: "these inputs cannot be explained",
  });
  const outputs = names.map((name): GraphOutput => ({
    name: attributionName(name),
    value: timesInput(builder, name, gradients.get(name)),
  }));
  return packModel(graph, builder.build(`${graph.name}.attribution`, outputs));
}

function explainedInputs(builder: GraphBuilder, { inputs }: ModelGraph): readonly string[] {
  const names = inputs.map(({ name }) => name);
  const explained = names.filter((name) => isDifferentiable(builder.requireType(name).elementType));
  if (explained.length > 0) return explained;
  throw new FedgeError(
    "ONNX_INVALID_GRAPH",
    `the model takes only whole numbers (${names.join(", ")}), such as tokens, and nothing has a gradient with ` +
      "respect to them; explain a model that takes their embeddings",
  );
}

/** One number for each row. */
function largestOf(builder: GraphBuilder, output: string): string {
  const { elementType } = builder.requireType(output);
  const rank = builder.requireShape(output).length;
  if (!isDifferentiable(elementType) || rank === 0)
    throw new FedgeError(
      "ONNX_INVALID_GRAPH",
      `output "${output}" is ${elementType} of rank ${rank}; an explanation needs a floating point output with a batch axis`,
    );
  return rank === 1
    ? output
    : reduce(builder, "ReduceMax", output, { axes: axesFrom(1, rank), keepDims: false });
}

/** An input that does not get to the output has a share of nothing in it. */
function timesInput(builder: GraphBuilder, name: string, gradient: string | undefined): string {
  const product = builder.op("Mul", [name, gradient ?? scalarLike(builder, name, 0)]);
  return reduceSum(builder, product, axesFrom(2, builder.requireShape(name).length), false);
}

function axesFrom(first: number, rank: number): readonly number[] {
  return Array.from({ length: Math.max(0, rank - first) }, (_, at) => first + at);
}
