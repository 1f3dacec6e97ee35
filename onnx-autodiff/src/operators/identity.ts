import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

export const identity: Operator = {
  type: "Identity",
  unchangedSince: 1,
  infer: sameAsInput,
  contents: (context) => context.contents(0),
  gradient: (context) => [context.outputGradient()],
};
