import { biasSum, outer, project } from "./collect.js";
import { walkBack, type BackwardWalk, type Direction, type DirectionGradient } from "./direction.js";
import { partsOf } from "./parts.js";
import { updateFactors, type GruActivations } from "./gru.js";

/** The recurrence weight and bias, apart for the two gates and for the candidate. */
interface Recurrence {
  readonly gates: string;
  readonly candidate: string;
  readonly gatesBias: string | undefined;
  readonly candidateBias: string | undefined;
}

/** What is known of all steps before the walk back; [steps * batch, hidden] each. */
interface Factors {
  readonly toUpdate: string;
  readonly toCandidate: string;
  /** From the gradient of the kept state r h to the reset gate. */
  readonly toReset: string;
  readonly z: string;
  readonly r: string;
  /** r h. */
  readonly kept: string;
}

/** n = g(Wn x + Wbn + Rn (r h) + Rbn), h' = (1 - z) n + z h: the original form, ONNX's and Keras's default. */
export function resetBeforeGradient(direction: Direction, activations: GruActivations): DirectionGradient {
  const { graph, hidden, previous } = direction;
  const halves = [2 * hidden, hidden];
  const recurrence = recurrenceOf(direction, halves);
  const factors = factorsOf(direction, activations, recurrence);
  const walk = walkThrough(direction, factors, recurrence);
  const [toGates = "", toCandidate = ""] = partsOf(graph, walk.gates, halves, 1);
  const bias = biasSum(direction, walk.gates);
  const r = [outer(direction, toGates, previous), outer(direction, toCandidate, factors.kept)];
  return {
    x: graph.op("Gemm", [walk.gates, direction.w]),
    w: outer(direction, walk.gates, direction.x),
    r: graph.op("Concat", r, { axis: 0 }),
    wb: bias,
    rb: bias,
    initial: walk.initial[0] ?? "",
  };
}

function recurrenceOf({ graph, r, rb }: Direction, halves: readonly number[]): Recurrence {
  const [gates = "", candidate = ""] = partsOf(graph, r, halves, 0);
  const [gatesBias, candidateBias] = rb === undefined ? [] : partsOf(graph, rb, halves, 0);
  return { gates, candidate, gatesBias, candidateBias };
}

function factorsOf(
  direction: Direction,
  { gate, candidate }: GruActivations,
  recurrence: Recurrence,
): Factors {
  const { graph, hidden, previous } = direction;
  const fromInput = project(direction, direction.x, { w: direction.w, bias: direction.wb });
  const [xGates = "", xCandidate = ""] = partsOf(graph, fromInput, [2 * hidden, hidden], 1);
  const hGates = project(direction, previous, { w: recurrence.gates, bias: recurrence.gatesBias });
  const gates = gate.apply(graph, graph.op("Add", [xGates, hGates]));
  const [z = "", r = ""] = partsOf(graph, gates, [hidden, hidden], 1);
  const [zSlope = "", rSlope = ""] = partsOf(graph, gate.slope(graph, gates), [hidden, hidden], 1);
  const kept = graph.op("Mul", [r, previous]);
  const hCandidate = project(direction, kept, { w: recurrence.candidate, bias: recurrence.candidateBias });
  const n = candidate.apply(graph, graph.op("Add", [xCandidate, hCandidate]));
  const factors = updateFactors(direction, { z, zSlope, n, nSlope: candidate.slope(graph, n) });
  const toReset = graph.op("Mul", [previous, rSlope]);
  return { toUpdate: factors.z, toCandidate: factors.n, toReset, z, r, kept };
}

function walkThrough(direction: Direction, factors: Factors, recurrence: Recurrence): BackwardWalk {
  const { toUpdate, toCandidate, toReset, z, r } = factors;
  return walkBack(direction, [toUpdate, toCandidate, toReset, z, r], {
    step(graph, [gradient = ""], given) {
      const [updateFactor = "", candidateFactor = "", resetFactor = "", update = "", reset = ""] = given;
      const times = (value: string, factor: string): string => graph.op("Mul", [value, factor]);
      const candidate = times(gradient, candidateFactor);
      const kept = graph.op("MatMul", [candidate, recurrence.candidate]);
      const gates = graph.op("Concat", [times(gradient, updateFactor), times(kept, resetFactor)], {
        axis: -1,
      });
      const direct = graph.op("Add", [times(gradient, update), times(kept, reset)]);
      return {
        gates: graph.op("Concat", [gates, candidate], { axis: -1 }),
        carried: [graph.op("Add", [direct, graph.op("MatMul", [gates, recurrence.gates])])],
      };
    },
  });
}
