import { FedgeError } from "@fedge/protocol";
import type { LossKind, LossOptions, TargetFormat } from "../losses/loss.js";
import { LOSSES } from "../losses/registry.js";
import { DEFAULT_OPTIMIZER, type OptimizerOptions } from "../optimizers/registry.js";

/** What to train a model for, and how. */
export interface TrainingOptions {
  readonly loss: LossKind | LossOptions;
  /** Plain SGD by default. */
  readonly optimizer?: OptimizerOptions;
  /** Names of the initializers to train; `*` stands for any characters, `?` for one. All by default. */
  readonly trainable?: string | readonly string[];
  /** Largest L2 norm of all gradients of a step together. No limit by default. */
  readonly clipNorm?: number;
  /** Adds the output `<name>.grad` for each parameter: the gradient of the objective before clipping. */
  readonly outputGradients?: boolean;
  /** Adds the FedProx term with the inputs `proximal_mu` and `<name>.anchor`. */
  readonly proximal?: boolean;
  /** Output that the loss is taken of; the first by default. */
  readonly output?: string;
}

export interface CheckedOptions {
  readonly loss: LossKind;
  readonly targetFormat: TargetFormat;
  readonly optimizer: OptimizerOptions;
  readonly trainable: readonly string[];
  readonly clipNorm: number | undefined;
  readonly outputGradients: boolean;
  readonly proximal: boolean;
  readonly output: string | undefined;
}

/** Options with defaults filled in. Throws `ONNX_OPTION_INVALID` naming the option. */
export function checkOptions(options: TrainingOptions): CheckedOptions {
  const loss: LossOptions = typeof options.loss === "string" ? { kind: options.loss } : options.loss;
  const optimizer = options.optimizer ?? DEFAULT_OPTIMIZER;
  const { trainable = "*", clipNorm } = options;
  if (!Object.hasOwn(LOSSES, loss.kind)) {
    fail("loss", `"${String(loss.kind)}" is not a loss`, `use one of ${Object.keys(LOSSES).join(", ")}`);
  }
  const targetFormat = loss.target ?? "class-index";
  if (targetFormat !== "class-index" && targetFormat !== "one-hot") {
    fail("loss.target", `"${String(targetFormat)}" is not a target format`, "use class-index or one-hot");
  }
  if (clipNorm !== undefined && !(clipNorm > 0 && Number.isFinite(clipNorm))) {
    fail("clipNorm", `${clipNorm} is no norm`, "use a positive number");
  }
  checkOptimizer(optimizer);
  const patterns = typeof trainable === "string" ? [trainable] : trainable;
  if (patterns.length === 0) fail("trainable", "the list is empty", "name at least one pattern");
  return {
    loss: loss.kind,
    targetFormat,
    optimizer,
    trainable: patterns,
    clipNorm,
    outputGradients: options.outputGradients ?? false,
    proximal: options.proximal ?? false,
    output: options.output,
  };
}

function checkOptimizer(optimizer: OptimizerOptions): void {
  const { kind, momentum = 0, weightDecay = 0, nesterov = false } = optimizer;
  if (kind !== "sgd") fail("optimizer", `"${String(kind)}" is not an optimizer`, "use sgd");
  if (!(momentum >= 0 && momentum < 1))
    fail("optimizer.momentum", `${momentum} is outside [0, 1)`, "use for example 0.9");
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) {
    fail("optimizer.weightDecay", `${weightDecay} is negative or not finite`, "use for example 1e-4");
  }
  if (nesterov && momentum === 0)
    fail("optimizer.nesterov", "there is no momentum", "set momentum, for example 0.9");
}

function fail(option: string, cause: string, remedy: string): never {
  throw new FedgeError("ONNX_OPTION_INVALID", `option "${option}": ${cause}; ${remedy}`, {
    details: { option },
  });
}
