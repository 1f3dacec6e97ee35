import { adam, type AdamOptions } from "./adam.js";
import type { Optimizer } from "./optimizer.js";
import { sgd, type SgdOptions } from "./sgd.js";

/** Options of every optimizer, told apart by `kind`. */
export type OptimizerOptions = SgdOptions | AdamOptions;
export type OptimizerKind = OptimizerOptions["kind"];

/** Every optimizer, by name. */
export const OPTIMIZER_KINDS: readonly OptimizerKind[] = ["sgd", "adam", "adamw"];

export const DEFAULT_OPTIMIZER: OptimizerOptions = { kind: "sgd" };

export function createOptimizer(options: OptimizerOptions): Optimizer {
  return options.kind === "sgd" ? sgd(options) : adam(options);
}
