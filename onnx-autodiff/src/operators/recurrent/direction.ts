import type { GraphBuilder } from "../../builder/graph-builder.js";
import type { GradientContext } from "../../gradient/gradient-context.js";
import { scalarLike } from "../../gradient/add-to.js";
import { filledLike } from "../fill.js";
import { directionsOf, hiddenSizeOf, INPUT } from "./recurrent.js";

/** One direction of a recurrent node whose gradient is built. Steps are counted as in the input, both directions. */
export interface Direction {
  readonly graph: GraphBuilder;
  readonly isReverse: boolean;
  readonly numSteps: number;
  readonly hidden: number;
  /** [steps * batch, features]. */
  readonly x: string;
  /** [gates * hidden, features]. */
  readonly w: string;
  /** [gates * hidden, hidden]. */
  readonly r: string;
  /** [gates * hidden] each; undefined without a bias. */
  readonly wb: string | undefined;
  readonly rb: string | undefined;
  /** The state before the first step, [1, batch, hidden]. */
  readonly initial: string;
  /** The state after each step, [steps * batch, hidden]. */
  readonly states: string;
  /** The state before each step, [steps * batch, hidden]. */
  readonly previous: string;
  /** Gradient of each step's output, [steps, batch, hidden]; undefined where nothing reads them. */
  readonly dy: string | undefined;
  /** Gradient of the state after the last step, [1, batch, hidden]. */
  readonly dFinal: string | undefined;
}

/** Values of the gradient of one direction. */
export interface DirectionGradient {
  /** [steps * batch, features]. */
  readonly x: string;
  readonly w: string;
  readonly r: string;
  readonly wb: string;
  readonly rb: string;
  /** [1, batch, hidden]. */
  readonly initial: string;
  /** Only of an LSTM. */
  readonly initialC?: string;
  /** Only of an LSTM with peepholes: [3 * hidden]. */
  readonly peepholes?: string;
}

/** Parts of a value along an axis: one node for all of them. */
export function partsOf(
  graph: GraphBuilder,
  value: string,
  sizes: readonly number[],
  axis: number,
): readonly string[] {
  if (sizes.length === 1) return [value];
  return graph.ops("Split", [value, graph.constant(sizes, "int64")], { axis }, sizes.length);
}

/** A value [steps * batch, width] as [steps, batch, width]. */
export function inSteps({ graph, initial, numSteps }: Direction, value: string): string {
  const width = graph.requireShape(value).at(-1);
  const batch = graph.requireShape(initial)[1];
  if (typeof width === "number" && typeof batch === "number") {
    return graph.op("Reshape", [value, graph.constant([numSteps, batch, width], "int64")]);
  }
  return graph.op("Reshape", [value, graph.constant([numSteps, -1, Number(width)], "int64")]);
}

/** A value [steps, batch, width] as [steps * batch, width]. */
export function flat({ graph }: Pick<Direction, "graph">, value: string): string {
  return graph.op("Reshape", [
    value,
    graph.constant([-1, Number(graph.requireShape(value).at(-1))], "int64"),
  ]);
}

/** A value [steps, batch, width] as one [1, batch, width] for each step. */
export function stepsOf({ graph, numSteps }: Direction, value: string): readonly string[] {
  return partsOf(
    graph,
    value,
    Array.from({ length: numSteps }, () => 1),
    0,
  );
}

/** Indices of the steps from the last that was computed to the first. */
export function backwardOrder({ isReverse, numSteps }: Direction): readonly number[] {
  const order = Array.from({ length: numSteps }, (_, step) => step);
  return isReverse ? order : order.reverse();
}

/** The values of all steps after one another. */
export function concatSteps({ graph }: Pick<Direction, "graph">, values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? "") : graph.op("Concat", values, { axis: 0 });
}

/** What one step of the backward pass gives. */
export interface BackwardStep {
  /** Gradient of the gates before their activation, [1, batch, gates * hidden]. */
  readonly gates: string;
  /** Gradient of the state before the step, without that of the output there; [1, batch, hidden]. */
  readonly previous: string;
}

/** What the walk through all steps gives. */
export interface BackwardWalk {
  /** [steps * batch, gates * hidden]. */
  readonly gates: string;
  /** Gradient of each step's state, [steps * batch, hidden]. */
  readonly states: string;
  /** Gradient of the initial state, [1, batch, hidden]. */
  readonly initial: string;
}

/** Goes through the steps from the last to the first, handing the state's gradient on (backpropagation through time). */
export function walkBack(
  direction: Direction,
  step: (gradient: string, index: number) => BackwardStep,
): BackwardWalk {
  const { graph, numSteps } = direction;
  const outputs = direction.dy === undefined ? [] : stepsOf(direction, direction.dy);
  const gates = Array.from({ length: numSteps }, () => "");
  const states = [...gates];
  let carried = direction.dFinal;
  for (const index of backwardOrder(direction)) {
    const gradient = addPresent(graph, carried, outputs[index]) ?? filledLike(graph, direction.initial, 0);
    const result = step(gradient, index);
    states[index] = gradient;
    gates[index] = result.gates;
    carried = result.previous;
  }
  return {
    gates: flat(direction, concatSteps(direction, gates)),
    states: flat(direction, concatSteps(direction, states)),
    initial: carried ?? direction.initial,
  };
}

/** The sum of the values that there are. */
export function addPresent(
  graph: GraphBuilder,
  ...values: readonly (string | undefined)[]
): string | undefined {
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 ? undefined : present.reduce((sum, value) => graph.op("Add", [sum, value]));
}

/** All directions of a recurrent node, taken apart. `numGates` is 1, 3 or 4. */
export function directionsToDifferentiate(context: GradientContext, numGates: number): readonly Direction[] {
  const { graph, inference } = context;
  const hidden = hiddenSizeOf(inference) ?? 1;
  const x = context.input(INPUT.x);
  const numSteps = Number(graph.requireShape(x)[0]);
  const rows = flat({ graph }, x);
  const w = perDirection(context, context.input(INPUT.w), 0);
  const r = perDirection(context, context.input(INPUT.r), 0);
  const b = perDirection(context, inference.inputName(INPUT.b), 0);
  const y = perDirection(context, context.output(0), 1);
  const dy = perDirection(context, context.optionalOutputGradient(0), 1);
  const dFinal = perDirection(context, context.optionalOutputGradient(1), 0);
  const initials = initialStates(context, INPUT.initialH);
  return directionsOf(inference).map(({ isReverse }, index) => {
    const initial = initials[index] ?? "";
    const halves = [numGates * hidden, numGates * hidden];
    const [wb, rb] = partsOfPresent(graph, squeeze(graph, b[index], 0), halves);
    const states = squeeze(graph, y[index], 1) ?? "";
    return {
      ...{ graph, isReverse, numSteps, hidden, x: rows, initial, wb, rb },
      w: squeeze(graph, w[index], 0) ?? "",
      r: squeeze(graph, r[index], 0) ?? "",
      states: flat({ graph }, states),
      previous: flat({ graph }, statesBefore(graph, states, { initial, isReverse, numSteps })),
      dy: squeeze(graph, dy[index], 1),
      dFinal: dFinal[index],
    };
  });
}

function perDirection(
  { graph, inference }: GradientContext,
  value: string | undefined,
  axis: number,
): readonly (string | undefined)[] {
  const ones = directionsOf(inference).map(() => 1);
  return value === undefined ? [] : partsOf(graph, value, ones, axis);
}

function squeeze(graph: GraphBuilder, value: string | undefined, axis: number): string | undefined {
  return value && graph.op("Squeeze", [value, graph.constant([axis], "int64")]);
}

function partsOfPresent(
  graph: GraphBuilder,
  value: string | undefined,
  sizes: readonly number[],
): readonly (string | undefined)[] {
  return value === undefined ? [] : partsOf(graph, value, sizes, 0);
}

/** [1, batch, hidden] for each direction: parts of the node's input, or zeros. */
export function initialStates(context: GradientContext, input: number): readonly string[] {
  const { graph, inference } = context;
  const directions = directionsOf(inference);
  const given = inference.inputName(input);
  if (given !== undefined)
    return partsOf(
      graph,
      given,
      directions.map(() => 1),
      0,
    );
  const x = context.input(INPUT.x);
  const batch = graph.op("Slice", [
    graph.op("Shape", [x]),
    graph.constant([1], "int64"),
    graph.constant([2], "int64"),
  ]);
  const hidden = graph.constant([hiddenSizeOf(inference) ?? 1], "int64");
  const shape = graph.op("Concat", [graph.constant([1], "int64"), batch, hidden], { axis: 0 });
  const zeros = graph.op("Expand", [scalarLike(graph, x, 0), shape]);
  return directions.map(() => zeros);
}

/** The states [steps, batch, hidden] moved by one step, beginning with the initial one. */
export function statesBefore(
  graph: GraphBuilder,
  states: string,
  of: { readonly initial: string; readonly isReverse: boolean; readonly numSteps: number },
): string {
  if (of.numSteps === 1) return of.initial;
  const [from, to] = of.isReverse ? [1, of.numSteps] : [0, of.numSteps - 1];
  const moved = graph.op("Slice", [
    states,
    graph.constant([from], "int64"),
    graph.constant([to], "int64"),
    graph.constant([0], "int64"),
  ]);
  return graph.op("Concat", of.isReverse ? [moved, of.initial] : [of.initial, moved], { axis: 0 });
}
