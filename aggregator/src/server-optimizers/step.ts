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

/** Second moment after a step, from the one before and the pseudo-gradient. */
type SecondMoment = (before: number, delta: number) => number;

/**
 * The next parameters: x + the optimizer's step along the weighted mean delta.
 *
 * The delta points where the devices went, so steps add it (Reddi et al. 2021, Algorithm 2, writes
 * x + eta * m / (sqrt(v) + tau)). There is no bias correction, and v begins at tau^2, as there. Arithmetic is
 * float64, rounded to float32 once for each stored number. Throws INTERNAL when lengths differ.
 */
export function stepServerOptimizer(
  config: ServerOptimizerConfig,
  before: ServerOptimizerState | null,
  parameters: Float32Array,
  meanDelta: Float32Array,
): ServerOptimizerStep {
  if (parameters.length !== meanDelta.length) {
    throw new FedgeError(
      "INTERNAL",
      `delta of ${meanDelta.length} values for ${parameters.length} parameters`,
    );
  }
  const vector = (name: string, start: number): Float32Array => {
    return before?.vectors[name]?.slice() ?? new Float32Array(parameters.length).fill(start);
  };
  const next = parameters.slice();
  const step = (before?.step ?? 0) + 1;
  switch (config.kind) {
    case "fedavg":
      for (let at = 0; at < next.length; at += 1) {
        next[at] = (parameters[at] as number) + config.learningRate * (meanDelta[at] as number);
      }
      return { parameters: next, state: { step, vectors: {} } };
    case "fedavgm": {
      const momentum = vector("momentum", 0);
      stepMomentum(next, { momentum, meanDelta, config });
      return { parameters: next, state: { step, vectors: { momentum } } };
    }
    default: {
      const [firstMoment, secondMoment] = [
        vector("first-moment", 0),
        vector("second-moment", config.tau ** 2),
      ];
      stepAdaptive(next, { firstMoment, secondMoment, meanDelta, config });
      return {
        parameters: next,
        state: { step, vectors: { "first-moment": firstMoment, "second-moment": secondMoment } },
      };
    }
  }
}

/** v = momentum * v + delta; x = x + eta * v (Hsu et al. 2019, section 4). Changes `next` and the momentum. */
function stepMomentum(
  next: Float32Array,
  {
    momentum,
    meanDelta,
    config,
  }: {
    readonly momentum: Float32Array;
    readonly meanDelta: Float32Array;
    readonly config: Extract<ServerOptimizerConfig, { kind: "fedavgm" }>;
  },
): void {
  for (let at = 0; at < next.length; at += 1) {
    const velocity = config.momentum * (momentum[at] as number) + (meanDelta[at] as number);
    momentum[at] = velocity;
    next[at] = (next[at] as number) + config.learningRate * velocity;
  }
}

type AdaptiveConfig = Extract<ServerOptimizerConfig, { kind: "fedadagrad" | "fedadam" | "fedyogi" }>;

function stepAdaptive(
  next: Float32Array,
  {
    firstMoment,
    secondMoment,
    meanDelta,
    config,
  }: {
    readonly firstMoment: Float32Array;
    readonly secondMoment: Float32Array;
    readonly meanDelta: Float32Array;
    readonly config: AdaptiveConfig;
  },
): void {
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
