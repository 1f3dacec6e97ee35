import type { GraphBuilder } from "../../builder/graph-builder.js";
import type { GradientContext } from "../../gradient/gradient-context.js";
import { scalarLike } from "../../gradient/add-to.js";
import { filledLike } from "../fill.js";
import type { Dim } from "../../graph/tensor-type.js";
import { partsOf } from "./parts.js";
import { runSteps } from "./steps.js";
import { directionsOf, hiddenSizeOf, INPUT } from "./recurrent.js";

/** One direction of a recurrent node whose gradient is built. Steps are counted as in the input, both directions. */
export interface Direction {
  readonly graph: GraphBuilder;
  readonly isReverse: boolean;
  readonly numSteps: Dim;
  readonly hidden: number;
  /** The node's input, [steps, batch, features]. */
  readonly sequence: string;
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

/** A value [steps * batch, width] as [steps, batch, width]. */
export function inSteps({ graph, initial, numSteps, sequence }: Direction, value: string): string {
  const width = Number(graph.requireShape(value).at(-1));
  const batch = graph.requireShape(initial)[1];
  const isStatic = (size: Dim | undefined): boolean => typeof size === "number";
  if (isStatic(numSteps) || isStatic(batch)) {
    const sizes = [numSteps, batch].map((size) => (typeof size === "number" ? size : -1));
    return graph.op("Reshape", [value, graph.constant([...sizes, width], "int64")]);
  }
  const ends = [[0], [2]].map((end) => graph.constant(end, "int64"));
  const outer = graph.op("Slice", [graph.op("Shape", [sequence]), ...ends]);
  const shape = graph.op("Concat", [outer, graph.constant([width], "int64")], { axis: 0 });
  return graph.op("Reshape", [value, shape]);
}

/** A value [steps, batch, width] as [steps * batch, width]. */
export function flat({ graph }: Pick<Direction, "graph">, value: string): string {
  const width = Number(graph.requireShape(value).at(-1));
  return graph.op("Reshape", [value, graph.constant([-1, width], "int64")]);
}

/** What the walk through all steps gives. */
export interface BackwardWalk {
  /** Gradient of the gates before their activation, [steps * batch, gates * hidden]. */
  readonly gates: string;
  /** Gradient of each step's state, [steps * batch, hidden]. */
  readonly states: string;
  /** Gradients of the initial states, [1, batch, hidden] each: of H first. */
  readonly initial: readonly string[];
}

/** One step of the walk back. */
export interface BackwardStep {
  /** [batch, gates * hidden]. */
  readonly gates: string;
  /** Gradients of the states before the step; that of H without the one of the output there. */
  readonly carried: readonly string[];
}

/**
 * Goes through the steps from the last to the first, handing the states' gradients on (backpropagation through time).
 * `factors` [steps * batch, width] are what each step's gradients are multiplied with.
 */
export function walkBack(
  direction: Direction,
  factors: readonly string[],
  of: {
    /** Gradients of the final states beside H. */
    readonly finals?: readonly string[];
    readonly step: (
      graph: GraphBuilder,
      gradients: readonly string[],
      factors: readonly string[],
    ) => BackwardStep;
  },
): BackwardWalk {
  const { graph, dy, numSteps } = direction;
  const final = direction.dFinal ?? filledLike(graph, direction.initial, 0);
  const sequences = factors.map((factor) => inSteps(direction, factor));
  const { carried, outputs } = runSteps({
    ...{ graph, numSteps, isReverse: !direction.isReverse },
    initial: [final, ...(of.finals ?? [])],
    sequences: dy === undefined ? sequences : [dy, ...sequences],
    step(inner, [carriedH = "", ...rest], inputs) {
      const gradient = dy === undefined ? carriedH : inner.op("Add", [carriedH, inputs[0] ?? ""]);
      const { gates, carried } = of.step(
        inner,
        [gradient, ...rest],
        dy === undefined ? inputs : inputs.slice(1),
      );
      return { carried, outputs: [gates, gradient] };
    },
  });
  const [gates = "", states = ""] = outputs.map((output) => flat(direction, output));
  return { gates, states, initial: carried };
}

/** All directions of a recurrent node, taken apart. `numGates` is 1, 3 or 4. */
export function directionsToDifferentiate(context: GradientContext, numGates: number): readonly Direction[] {
  const { graph, inference } = context;
  const hidden = hiddenSizeOf(inference) ?? 1;
  const x = context.input(INPUT.x);
  const numSteps = graph.requireShape(x)[0] ?? 1;
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
      ...{ graph, isReverse, numSteps, hidden, sequence: x, x: rows, initial, wb, rb },
      w: squeeze(graph, w[index], 0) ?? "",
      r: squeeze(graph, r[index], 0) ?? "",
      states: flat({ graph }, states),
      previous: flat({ graph }, statesBefore(graph, states, { initial, isReverse })),
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
  of: { readonly initial: string; readonly isReverse: boolean },
): string {
  const [from, to] = of.isReverse ? [1, 2 ** 31 - 1] : [0, -1];
  const moved = graph.op("Slice", [
    states,
    graph.constant([from], "int64"),
    graph.constant([to], "int64"),
    graph.constant([0], "int64"),
  ]);
  return graph.op("Concat", of.isReverse ? [moved, of.initial] : [of.initial, moved], { axis: 0 });
}
