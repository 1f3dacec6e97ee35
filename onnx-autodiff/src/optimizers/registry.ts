import type { Optimizer } from "./optimizer.js";
import { sgd, type SgdOptions } from "./sgd.js";

/** Options of every optimizer, told apart by `kind`. */
export type OptimizerOptions = SgdOptions;

export const DEFAULT_OPTIMIZER: OptimizerOptions = { kind: "sgd" };

export function createOptimizer(options: OptimizerOptions): Optimizer {
  return sgd(options);
}
