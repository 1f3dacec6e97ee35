import type { RolloutMetric } from "./rollout-config.js";

/** What arms can be compared by, besides proxies: shares of what is worse. */
export const COMPARED_METRICS = [
  "error-rate",
  "prediction-error",
  "crash-rate",
  "fallback-rate",
  "drift-rate",
] as const satisfies readonly RolloutMetric[];
