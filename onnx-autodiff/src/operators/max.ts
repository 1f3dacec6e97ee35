import { broadcastInputs } from "../graph/shapes.js";
import { extremumGradient } from "./extremum.js";
import type { Operator } from "./operator.js";

/** The gradient goes to the maximum; equal ones share it. */
export const max: Operator = {
  type: "Max",
  unchangedSince: 8,
  infer: broadcastInputs,
  gradient: extremumGradient,
};
