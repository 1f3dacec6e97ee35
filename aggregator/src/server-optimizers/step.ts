import { FedgeError } from "@fedge/protocol";
import type { ServerOptimizerConfig } from "./config.js";

/** What a server optimizer remembers from version to version; every vector has length P. */
export interface ServerOptimizerState {
  /** Steps taken. */
  readonly step: number;
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

export interface ServerOptimizerStep {
  readonly parameters: Float32Array;
  readonly state: ServerOptimizerState;
}

type ConfigOf<K extends ServerOptimizerConfig["kind"]> = Extract<ServerOptimizerConfig, { kind: K }>;
type AdaptiveConfig = ConfigOf<"fedadagrad" | "fedadam" | "fedyogi">;

/** Second moment after a step, from the one before and the pseudo-gradient. */
type SecondMoment = (before: number, delta: number) => number;

/** One step's vectors, all of length P: `next` starts as the parameters; it and the moments are changed in place. */
interface StepVectors {
  readonly next: Float32Array;
  readonly meanDelta: Float32Array;
  readonly moment: (name: string, start: number) => Float32Array;
}

/**
 * The next parameters: x + the optimizer's step along the weighted mean delta.
 *
 * The delta points where the devices went, so steps add it (Reddi et al. 2021, Algorithm 2, writes
 * x + eta * m / (sqrt(v) + tau)). There is no bias correction, and v begins at tau^2, as there. Arithmetic is
 * float64, rounded to float32 once for each stored number, so the same input gives the same bits. `before` is null
 * at the first step; vectors that another kind of optimizer left are not read. Arguments are not changed.
 *
 * Throws INTERNAL when delta and parameters differ in length, DATA_CORRUPT when a vector of the state does.
 */
export function stepServerOptimizer(
  config: ServerOptimizerConfig,
  before: ServerOptimizerState | null,
  parameters: Float32Array,
  meanDelta: Float32Array,
): ServerOptimizerStep {
  const numParameters = parameters.length;
  if (numParameters !== meanDelta.length) {
    throw new FedgeError("INTERNAL", `delta of ${meanDelta.length} values for ${numParameters} parameters`);
  }
  const vectors: Record<string, Float32Array> = {};
  const moment = (name: string, start: number): Float32Array => {
    // Kinds have moments of the same name that mean different things.
    const key = `${config.kind}/${name}`;
    return (vectors[key] = copyOfMoment(before?.vectors[key], numParameters, start));
  };
  const next = parameters.slice();
  stepInPlace(config, { next, meanDelta, moment });
  return { parameters: next, state: { step: (before?.step ?? 0) + 1, vectors } };
}

function copyOfMoment(before: Float32Array | undefined, numParameters: number, start: number): Float32Array {
  if (before === undefined) return new Float32Array(numParameters).fill(start);
  if (before.length === numParameters) return before.slice();
  throw new FedgeError(
    "DATA_CORRUPT",
    `the server optimizer remembers ${before.length} values for ${numParameters} parameters; ` +
      "its state belongs to another model",
  );
}

function stepInPlace(config: ServerOptimizerConfig, vectors: StepVectors): void {
  switch (config.kind) {
    case "fedavg":
      return stepAverage(config, vectors);
    case "fedavgm":
      return stepMomentum(config, vectors);
    case "fedadagrad":
    case "fedadam":
    case "fedyogi":
      return stepAdaptive(config, vectors);
  }
}

/** x = x + eta * delta (Reddi et al. 2021, Algorithm 1 with SGD as server optimizer). */
function stepAverage({ learningRate }: ConfigOf<"fedavg">, { next, meanDelta }: StepVectors): void {
  for (let at = 0; at < next.length; at += 1) {
    next[at] = (next[at] as number) + learningRate * (meanDelta[at] as number);
  }
}

/** v = momentum * v + delta; x = x + eta * v (Hsu et al. 2019, section 4). */
function stepMomentum(config: ConfigOf<"fedavgm">, { next, meanDelta, moment }: StepVectors): void {
  const momentum = moment("momentum", 0);
  for (let at = 0; at < next.length; at += 1) {
    const velocity = config.momentum * (momentum[at] as number) + (meanDelta[at] as number);
    momentum[at] = velocity;
    next[at] = (next[at] as number) + config.learningRate * velocity;
  }
}

/** m = beta_1 * m + (1 - beta_1) * delta; x = x + eta * m / (sqrt(v) + tau), with the v of the kind. */
function stepAdaptive(config: AdaptiveConfig, { next, meanDelta, moment }: StepVectors): void {
  const firstMoment = moment("first-moment", 0);
  const secondMoment = moment("second-moment", config.tau ** 2);
  const second = secondMomentOf(config);
  for (let at = 0; at < next.length; at += 1) {
    const delta = meanDelta[at] as number;
    const m = config.beta1 * (firstMoment[at] as number) + (1 - config.beta1) * delta;
    const v = second(secondMoment[at] as number, delta);
    firstMoment[at] = m;
    secondMoment[at] = v;
    next[at] = (next[at] as number) + (config.learningRate * m) / (Math.sqrt(v) + config.tau);
  }
}

function secondMomentOf(config: AdaptiveConfig): SecondMoment {
  switch (config.kind) {
    case "fedadagrad":
      return (v, delta) => v + delta * delta;
    case "fedadam":
      return (v, delta) => config.beta2 * v + (1 - config.beta2) * delta * delta;
    case "fedyogi":
      return (v, delta) => v - (1 - config.beta2) * delta * delta * Math.sign(v - delta * delta);
  }
}
