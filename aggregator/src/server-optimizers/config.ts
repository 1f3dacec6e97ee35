import * as z from "zod/mini";

const rate = z.number().check(z.gt(0), z.lte(100));
const decay = z.number().check(z.gte(0), z.lt(1));
const tau = z.number().check(z.gt(0), z.lte(1));

/**
 * How the weighted mean of the deltas becomes the next version (Reddi et al. 2021, "Adaptive Federated
 * Optimization", Algorithm 2; FedAvgM as Hsu et al. 2019). Rates are the paper's eta, beta_1, beta_2 and tau.
 */
export const serverOptimizerConfig = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("fedavg"), learningRate: rate }),
  z.object({ kind: z.literal("fedavgm"), learningRate: rate, momentum: decay }),
  z.object({ kind: z.literal("fedadagrad"), learningRate: rate, beta1: decay, tau }),
  z.object({ kind: z.literal("fedadam"), learningRate: rate, beta1: decay, beta2: decay, tau }),
  z.object({ kind: z.literal("fedyogi"), learningRate: rate, beta1: decay, beta2: decay, tau }),
]);
export type ServerOptimizerConfig = z.infer<typeof serverOptimizerConfig>;
export type ServerOptimizerKind = ServerOptimizerConfig["kind"];

/** Defaults: plain averaging, and Reddi et al.'s constants (section 5.2: beta_1 0.9, beta_2 0.99, tau 1e-3). */
export const DEFAULT_SERVER_OPTIMIZERS: {
  readonly [K in ServerOptimizerKind]: Extract<ServerOptimizerConfig, { kind: K }>;
} = {
  fedavg: { kind: "fedavg", learningRate: 1 },
  fedavgm: { kind: "fedavgm", learningRate: 1, momentum: 0.9 },
  fedadagrad: { kind: "fedadagrad", learningRate: 0.03, beta1: 0, tau: 1e-3 },
  fedadam: { kind: "fedadam", learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3 },
  fedyogi: { kind: "fedyogi", learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3 },
};
