import { biasSum, outer, project } from "./collect.js";
import { walkBack, type BackwardWalk, type Direction, type DirectionGradient } from "./direction.js";
import { partsOf } from "./parts.js";
import { updateFactors, type GruActivations } from "./gru.js";

/** What each step's dH is multiplied with; [steps * batch, ...]. */
interface Factors {
  /** To update and reset gate and to the candidate's product with the state: [steps * batch, 3 * hidden]. */
  readonly toState: string;
  /** To the candidate before its activation. */
  readonly toCandidate: string;
  /** To the state before: the update gate itself. */
  readonly z: string;
}

/**
 * n = g(Wn x + Wbn + r (Rn h + Rbn)), h' = (1 - z) n + z h: what PyTorch and cuDNN compute.
 *
 * Every gate's gradient is dh' times a factor that does not depend on the steps after, so one product of dh' with
 * all factors and one with the recurrence weight are all that a step costs.
 */
export function resetAfterGradient(direction: Direction, activations: GruActivations): DirectionGradient {
  const { graph, hidden } = direction;
  const factors = factorsOf(direction, activations);
  const walk = walkThrough(direction, factors);
  const [shared = ""] = partsOf(graph, walk.gates, [2 * hidden, hidden], 1);
  const candidate = graph.op("Mul", [walk.states, factors.toCandidate]);
  const toInput = graph.op("Concat", [shared, candidate], { axis: 1 });
  return {
    x: graph.op("Gemm", [toInput, direction.w]),
    w: outer(direction, toInput, direction.x),
    r: outer(direction, walk.gates, direction.previous),
    wb: biasSum(direction, toInput),
    rb: biasSum(direction, walk.gates),
    initial: walk.initial[0] ?? "",
  };
}

function factorsOf(direction: Direction, { gate, candidate }: GruActivations): Factors {
  const { graph, hidden } = direction;
  const halves = [2 * hidden, hidden];
  const fromInput = project(direction, direction.x, { w: direction.w, bias: direction.wb });
  const fromState = project(direction, direction.previous, { w: direction.r, bias: direction.rb });
  const [xGates = "", xCandidate = ""] = partsOf(graph, fromInput, halves, 1);
  const [hGates = "", hCandidate = ""] = partsOf(graph, fromState, halves, 1);
  const gates = gate.apply(graph, graph.op("Add", [xGates, hGates]));
  const [z = "", r = ""] = partsOf(graph, gates, [hidden, hidden], 1);
  const [zSlope = "", rSlope = ""] = partsOf(graph, gate.slope(graph, gates), [hidden, hidden], 1);
  const n = candidate.apply(graph, graph.op("Add", [xCandidate, graph.op("Mul", [r, hCandidate])]));
  const factors = updateFactors(direction, { z, zSlope, n, nSlope: candidate.slope(graph, n) });
  const toReset = graph.op("Mul", [factors.n, graph.op("Mul", [hCandidate, rSlope])]);
  const toState = graph.op("Concat", [factors.z, toReset, graph.op("Mul", [factors.n, r])], { axis: 1 });
  return { toState, toCandidate: factors.n, z };
}

function walkThrough(direction: Direction, factors: Factors): BackwardWalk {
  return walkBack(direction, [factors.toState, factors.z], {
    step(graph, [gradient = ""], [toState = "", z = ""]) {
      const tripled = graph.op("Concat", [gradient, gradient, gradient], { axis: -1 });
      const gates = graph.op("Mul", [tripled, toState]);
      const kept = graph.op("Mul", [gradient, z]);
      return { gates, carried: [graph.op("Add", [graph.op("MatMul", [gates, direction.r]), kept])] };
    },
  });
}
