import { broadcastInputs } from "../graph/shapes.js";
import { extremumGradient } from "./extremum.js";
import type { Operator } from "./operator.js";

/** The gradient goes to the minimum; equal ones share it. */
export const min: Operator = {
  type: "Min",
  unchangedSince: 8,
  infer: broadcastInputs,
  gradient: extremumGradient,
};
