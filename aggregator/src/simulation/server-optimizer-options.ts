import { FedgeError } from "@fedge/protocol";
import {
  DEFAULT_SERVER_OPTIMIZERS,
  type ServerOptimizerConfig,
  type ServerOptimizerKind,
} from "../server-optimizers/config.js";
import type { Reading } from "./option-reading.js";

export const SERVER_OPTIMIZERS = Object.keys(DEFAULT_SERVER_OPTIMIZERS) as ServerOptimizerKind[];

/** The server optimizer with its defaults. Throws OPTION_INVALID for a constant that the chosen kind does not have. */
export function readServerOptimizer(read: Reading): ServerOptimizerConfig {
  const kind = read.choice("serverOptimizer", SERVER_OPTIMIZERS, "fedavg");
  const defaults: ServerOptimizerConfig = DEFAULT_SERVER_OPTIMIZERS[kind];
  const given: readonly (readonly [field: string, flag: string, value: number | null])[] = [
    [
      "learningRate",
      "--server-learning-rate",
      read.optionalNumber("serverLearningRate", { above: 0, most: 100 }),
    ],
    ["momentum", "--server-momentum", read.optionalNumber("serverMomentum", { least: 0, below: 1 })],
    ["beta1", "--beta1", read.optionalNumber("beta1", { least: 0, below: 1 })],
    ["beta2", "--beta2", read.optionalNumber("beta2", { least: 0, below: 1 })],
    ["tau", "--tau", read.optionalNumber("tau", { above: 0, most: 1 })],
  ];
  const set = given.filter(([, , value]) => value !== null);
  const foreign = set.find(([field]) => !(field in defaults));
  if (foreign !== undefined) {
    throw new FedgeError(
      "OPTION_INVALID",
      `${foreign[1]} has no meaning with --server-optimizer ${kind}; leave it out.`,
    );
  }
  return { ...defaults, ...Object.fromEntries(set.map(([field, , value]) => [field, value])) };
}
