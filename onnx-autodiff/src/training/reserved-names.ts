import { FedgeError } from "@fedge/protocol";
import { ADAM_STEP } from "../optimizers/adam.js";
import { DROPOUT_SEED } from "../operators/random-numbers.js";
import { valueNamesOf, type ModelGraph } from "../model/model-graph.js";

/** Names that the generated graphs give a meaning. */
export const TARGET = "target";
export const LEARNING_RATE = "learning_rate";
export const PROXIMAL_MU = "proximal_mu";
export const LOSS = "loss";
export const LOSS_SUM = "loss_sum";
export const COUNT = "count";
export const WEIGHT_SUM = "weight_sum";

const RESERVED_NAMES: readonly string[] = [
  TARGET,
  LEARNING_RATE,
  PROXIMAL_MU,
  LOSS,
  LOSS_SUM,
  COUNT,
  WEIGHT_SUM,
  "correct",
  "error_sum",
  ADAM_STEP,
  DROPOUT_SEED,
];
const RESERVED_SUFFIXES: readonly string[] = [
  ".next",
  ".grad",
  ".anchor",
  ".velocity",
  ".first_moment",
  ".second_moment",
  ".attribution",
];

/** Names of values after one step, and of gradients. */
export function nextName(name: string): string {
  return `${name}.next`;
}
export function gradientName(name: string): string {
  return `${name}.grad`;
}

/** What an input has in the answer. */
export function attributionName(name: string): string {
  return `${name}.attribution`;
}

/** Throws `ONNX_INVALID_GRAPH` when a value of the model has a name that the generated graphs need. */
export function refuseReservedNames(graph: ModelGraph): void {
  for (const name of valueNamesOf(graph)) {
    if (!RESERVED_NAMES.includes(name) && !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix)))
      continue;
    throw new FedgeError(
      "ONNX_INVALID_GRAPH",
      `the model has a value named "${name}", which the training graphs use themselves; rename it in the model ` +
        `(reserved: ${RESERVED_NAMES.join(", ")}, and names ending in ${RESERVED_SUFFIXES.join(", ")})`,
      { details: { value: name } },
    );
  }
}
