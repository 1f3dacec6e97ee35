import type { GraphBuilder } from "../../builder/graph-builder.js";
import type { Dim, TensorType } from "../../graph/tensor-type.js";
import { partsOf } from "./parts.js";

/** What one step gives; values of rank 2 or 3, ending in [batch, width]. */
export interface StepResult {
  /** States handed to the next step, in the order of the request. */
  readonly carried: readonly string[];
  readonly outputs: readonly string[];
}

/** A computation that hands states from step to step. */
export interface StepsRequest {
  readonly graph: GraphBuilder;
  readonly numSteps: Dim;
  /** True to begin with the last step. */
  readonly isReverse: boolean;
  /** States before the first step, [1, batch, width] each. */
  readonly initial: readonly string[];
  /** Values that each step reads its part of, [steps, batch, width] each. */
  readonly sequences: readonly string[];
  /** Emits one step into `graph`, which is the request's own or the body of a Scan. Axes count from the end. */
  step(graph: GraphBuilder, carried: readonly string[], inputs: readonly string[]): StepResult;
}

/** States after the last step, [1, batch, width] each, and what all steps gave, [steps, batch, width] each. */
export type StepsResult = StepResult;

/**
 * Up to this many steps are written out: onnxruntime runs them faster than a Scan, and opens the graph in a time that
 * grows with their square (0.2 s for 10 steps of an LSTM, 9 s for 80).
 */
const MAX_UNROLLED_STEPS = 16;

/** Runs the steps one after the other: written out, or as a Scan where there are many or their number is unknown. */
export function runSteps(request: StepsRequest): StepsResult {
  const { numSteps } = request;
  return typeof numSteps === "number" && numSteps <= MAX_UNROLLED_STEPS
    ? unroll(request, numSteps)
    : scan(request);
}

function unroll(request: StepsRequest, numSteps: number): StepsResult {
  const { graph } = request;
  const ones = Array.from({ length: numSteps }, () => 1);
  const parts = request.sequences.map((sequence) => partsOf(graph, sequence, ones, 0));
  const order = ones.map((_, step) => (request.isReverse ? numSteps - 1 - step : step));
  const outputs: (readonly string[])[] = ones.map(() => []);
  let carried = request.initial;
  for (const step of order) {
    const inputs = parts.map((part) => part[step] ?? "");
    const result = request.step(graph, carried, inputs);
    carried = result.carried;
    outputs[step] = result.outputs;
  }
  const numOutputs = outputs[0]?.length ?? 0;
  const joined = Array.from({ length: numOutputs }, (_, index) => {
    const values = outputs.map((step) => step[index] ?? "");
    return values.length === 1 ? (values[0] ?? "") : graph.op("Concat", values, { axis: 0 });
  });
  return { carried, outputs: joined };
}

function scan(request: StepsRequest): StepsResult {
  const { graph, initial, sequences } = request;
  const body = graph.subgraph("Scan");
  const inner = (value: string, hint: string): string => {
    const { elementType, shape } = graph.requireType(value);
    return body.input(body.newName(hint), elementType, shape?.slice(1));
  };
  const states = initial.map((value) => inner(value, "state"));
  const inputs = sequences.map((value) => inner(value, "input"));
  const result = request.step(body, states, inputs);
  const results = [...result.carried, ...result.outputs];
  const types = results.map((value) => body.requireType(value));
  const named = results.map((value) => ({ name: body.newName("output"), value }));
  const direction = request.isReverse ? 1 : 0;
  const axis = graph.constant([0], "int64");
  const squeezed = initial.map((value) => graph.op("Squeeze", [value, axis]));
  const attributes = {
    body: { graph: body.build(body.newName("body"), named) },
    num_scan_inputs: sequences.length,
    scan_input_directions: sequences.map(() => direction),
    scan_output_directions: result.outputs.map(() => direction),
  };
  const all = graph.ops("Scan", [...squeezed, ...sequences], attributes, results.length);
  all.forEach((name, index) => {
    graph.declare(name, outerType(types[index], index < initial.length ? undefined : request.numSteps));
  });
  const carried = all.slice(0, initial.length).map((value) => graph.op("Unsqueeze", [value, axis]));
  return { carried, outputs: all.slice(initial.length) };
}

/** The type of a Scan's output: that of the body's, with the steps in front where there are some. */
function outerType(type: TensorType | undefined, numSteps: Dim | undefined): TensorType {
  const { elementType = "float32", shape } = type ?? {};
  return { elementType, shape: shape && numSteps !== undefined ? [numSteps, ...shape] : shape };
}
