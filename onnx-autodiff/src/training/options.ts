import { FedgeError } from "@fedge/protocol";
import type { CheckedLoss, LossKind, LossOptions } from "../losses/loss.js";
import { LOSS_KINDS } from "../losses/registry.js";
import type { AdamOptions } from "../optimizers/adam.js";
import type { SgdOptions } from "../optimizers/sgd.js";
import { DEFAULT_OPTIMIZER, OPTIMIZER_KINDS, type OptimizerOptions } from "../optimizers/registry.js";

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
  readonly loss: CheckedLoss;
  readonly optimizer: OptimizerOptions;
  readonly trainable: readonly string[];
  readonly clipNorm: number | undefined;
  readonly outputGradients: boolean;
  readonly proximal: boolean;
  readonly output: string | undefined;
}

/** Options with defaults filled in. Throws `ONNX_OPTION_INVALID` naming the option. */
export function checkOptions(options: TrainingOptions): CheckedOptions {
  const optimizer = options.optimizer ?? DEFAULT_OPTIMIZER;
  const { trainable = "*", clipNorm } = options;
  if (clipNorm !== undefined && !(clipNorm > 0 && Number.isFinite(clipNorm))) {
    fail("clipNorm", `${clipNorm} is no norm`, "use a positive number");
  }
  checkOptimizer(optimizer);
  const patterns = typeof trainable === "string" ? [trainable] : trainable;
  if (patterns.length === 0) fail("trainable", "the list is empty", "name at least one pattern");
  return {
    loss: checkLoss(options.loss),
    optimizer,
    trainable: patterns,
    clipNorm,
    outputGradients: options.outputGradients ?? false,
    proximal: options.proximal ?? false,
    output: options.output,
  };
}

function checkLoss(given: LossKind | LossOptions): CheckedLoss {
  const loss: LossOptions = typeof given === "string" ? { kind: given } : given;
  const { kind, target = "class-index", weights, ignoreIndex, delta = 1 } = loss;
  if (!LOSS_KINDS.includes(kind)) {
    fail("loss", `"${String(kind)}" is not a loss`, `use one of ${LOSS_KINDS.join(", ")}`);
  }
  if (target !== "class-index" && target !== "one-hot") {
    fail("loss.target", `"${String(target)}" is not a target format`, "use class-index or one-hot");
  }
  if (kind !== "softmax-cross-entropy" && (weights !== undefined || ignoreIndex !== undefined)) {
    fail("loss", `${kind} takes no class weights and no ignored index`, "leave them out");
  }
  if (weights?.some((weight) => !(weight >= 0 && Number.isFinite(weight))) === true) {
    fail("loss.weights", `[${weights.join(", ")}] holds a negative or infinite weight`, "use numbers from 0");
  }
  if (ignoreIndex !== undefined && (!Number.isSafeInteger(ignoreIndex) || target === "one-hot")) {
    fail(
      "loss.ignoreIndex",
      `${ignoreIndex} ignores no class index`,
      "use a whole number, with class indices",
    );
  }
  if (!(delta > 0 && Number.isFinite(delta)))
    fail("loss.delta", `${delta} is no distance`, "use a positive number");
  return { kind, target, weights, ignoreIndex, delta };
}

function checkOptimizer(optimizer: OptimizerOptions): void {
  const { kind, weightDecay = 0 } = optimizer;
  if (!OPTIMIZER_KINDS.includes(kind)) {
    fail("optimizer", `"${String(kind)}" is not an optimizer`, `use one of ${OPTIMIZER_KINDS.join(", ")}`);
  }
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) {
    fail("optimizer.weightDecay", `${weightDecay} is negative or not finite`, "use for example 1e-4");
  }
  if (optimizer.kind === "sgd") checkSgd(optimizer);
  else checkAdam(optimizer);
}

function checkSgd({ momentum = 0, nesterov = false }: SgdOptions): void {
  if (!(momentum >= 0 && momentum < 1))
    fail("optimizer.momentum", `${momentum} is outside [0, 1)`, "use for example 0.9");
  if (nesterov && momentum === 0)
    fail("optimizer.nesterov", "there is no momentum", "set momentum, for example 0.9");
}

function checkAdam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions): void {
  for (const [name, value] of Object.entries({ beta1, beta2 })) {
    if (!(value >= 0 && value < 1))
      fail(`optimizer.${name}`, `${value} is outside [0, 1)`, "use for example 0.9");
  }
  if (!(epsilon > 0 && Number.isFinite(epsilon)))
    fail("optimizer.epsilon", `${epsilon} is not positive`, "use for example 1e-8");
}

function fail(option: string, cause: string, remedy: string): never {
  throw new FedgeError("ONNX_OPTION_INVALID", `option "${option}": ${cause}; ${remedy}`, {
    details: { option },
  });
}
