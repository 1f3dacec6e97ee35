import type { GradientContext } from "../../gradient/gradient-context.js";
import { scalarLike } from "../../gradient/add-to.js";
import type { Operator } from "../operator.js";
import { activationsOf, type Activation } from "./activation.js";
import { collectGradients } from "./collect.js";
import { directionsToDifferentiate, type Direction, type DirectionGradient } from "./direction.js";
import { resetAfterGradient } from "./gru-reset-after.js";
import { resetBeforeGradient } from "./gru-reset-before.js";
import { keepSequence, recurrentMultiplyAdds, recurrentTypes, requireDifferentiable } from "./recurrent.js";

/** Activations of the update and reset gates, and of the candidate. */
export interface GruActivations {
  readonly gate: Activation;
  readonly candidate: Activation;
}

/**
 * The gated recurrent unit, gates in the order update, reset, candidate; in one or both directions, the reset applied
 * before the product with the recurrence weight or after it (`linear_before_reset`).
 *
 * The gradient computes the gates of all steps again in one product, because the hidden states are known, and then
 * walks back through the steps. Source: Cho et al. 2014, eq. 5 to 8.
 */
export const gru: Operator = {
  type: "GRU",
  unchangedSince: 7,
  differentiableInputs: [0, 1, 2, 3, 5],
  infer: (context) => recurrentTypes(context, 1),
  trainingForm: keepSequence,
  gradient: gruGradients,
  multiplyAdds: (context) => recurrentMultiplyAdds(context, 3),
};

function gruGradients(context: GradientContext): readonly (string | undefined)[] {
  requireDifferentiable(context.inference);
  const isResetAfter = context.inference.int("linear_before_reset", 0) !== 0;
  const parts = directionsToDifferentiate(context, 3).map((direction, index): DirectionGradient => {
    const [gate, candidate] = activationsOf(context.inference, ["Sigmoid", "Tanh"], index);
    const activations = { gate, candidate } as GruActivations;
    return isResetAfter
      ? resetAfterGradient(direction, activations)
      : resetBeforeGradient(direction, activations);
  });
  return collectGradients(context, parts);
}

/** Factors of dH that both variants share: to the update gate and to the candidate before their activations. */
export function updateFactors(
  { graph, previous }: Direction,
  gates: { readonly z: string; readonly zSlope: string; readonly n: string; readonly nSlope: string },
): { readonly z: string; readonly n: string } {
  const difference = graph.op("Sub", [previous, gates.n]);
  const rest = graph.op("Sub", [scalarLike(graph, gates.z, 1), gates.z]);
  return {
    z: graph.op("Mul", [difference, gates.zSlope]),
    n: graph.op("Mul", [rest, gates.nSlope]),
  };
}
