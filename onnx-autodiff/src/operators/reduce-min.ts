import { reduced } from "../graph/shapes.js";
import type { Operator } from "./operator.js";
import { reducedExtremumGradient } from "./reduced-extremum.js";

/** The gradient goes to the minimum; equal elements share it. */
export const reduceMin: Operator = {
  type: "ReduceMin",
  unchangedSince: 1,
  differentiableInputs: [0],
  infer: reduced,
  gradient: (context) => [reducedExtremumGradient(context)],
};
