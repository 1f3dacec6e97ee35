import { decodeWith } from "@fedge/protocol";
import * as z from "zod/mini";

const rate = z.number().check(z.gt(0), z.lte(100));
const decay = z.number().check(z.gte(0), z.lt(1));
const tau = z.number().check(z.gt(0), z.lte(1));

/**
 * What is used for a constant that is left out: plain averaging, and the beta_1, beta_2 and tau of Reddi et al.'s
 * experiments. The best adaptive rate differs from task to task (the paper searches a grid); tune these.
 */
export const DEFAULT_SERVER_OPTIMIZERS = {
  fedavg: { kind: "fedavg", learningRate: 1 },
  fedavgm: { kind: "fedavgm", learningRate: 1, momentum: 0.9 },
  fedadagrad: { kind: "fedadagrad", learningRate: 0.03, beta1: 0, tau: 1e-3 },
  fedadam: { kind: "fedadam", learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3 },
  fedyogi: { kind: "fedyogi", learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3 },
} as const;
export type ServerOptimizerKind = keyof typeof DEFAULT_SERVER_OPTIMIZERS;

const { fedavg, fedavgm, fedadagrad, fedadam, fedyogi } = DEFAULT_SERVER_OPTIMIZERS;

/**
 * How the weighted mean of the deltas becomes the next version (Reddi et al. 2021, "Adaptive Federated
 * Optimization", Algorithm 2; FedAvgM as Hsu et al. 2019). Rates are the paper's eta, beta_1, beta_2 and tau.
 *
 * What is left out gets its default; a constant that the chosen kind does not have is refused.
 */
export const serverOptimizerConfig = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("fedavg"), learningRate: z._default(rate, fedavg.learningRate) }),
  z.strictObject({
    kind: z.literal("fedavgm"),
    learningRate: z._default(rate, fedavgm.learningRate),
    momentum: z._default(decay, fedavgm.momentum),
  }),
  z.strictObject({
    kind: z.literal("fedadagrad"),
    learningRate: z._default(rate, fedadagrad.learningRate),
    beta1: z._default(decay, fedadagrad.beta1),
    tau: z._default(tau, fedadagrad.tau),
  }),
  z.strictObject({
    kind: z.literal("fedadam"),
    learningRate: z._default(rate, fedadam.learningRate),
    beta1: z._default(decay, fedadam.beta1),
    beta2: z._default(decay, fedadam.beta2),
    tau: z._default(tau, fedadam.tau),
  }),
  z.strictObject({
    kind: z.literal("fedyogi"),
    learningRate: z._default(rate, fedyogi.learningRate),
    beta1: z._default(decay, fedyogi.beta1),
    beta2: z._default(decay, fedyogi.beta2),
    tau: z._default(tau, fedyogi.tau),
  }),
]);
export type ServerOptimizerConfig = z.infer<typeof serverOptimizerConfig>;

/** The checked configuration with its defaults. Throws OPTION_INVALID naming the field. */
export function decodeServerOptimizerConfig(value: unknown): ServerOptimizerConfig {
  return decodeWith(serverOptimizerConfig, value, { what: "server optimizer", code: "OPTION_INVALID" });
}
