import * as z from "zod/mini";
import { modelName } from "../ids.js";
import { nonNegativeInt, positiveInt } from "../schema.js";

/** Bin `i` counts predictions of less than `32 * 2^i` microseconds that no earlier bin counts; the last takes the rest. */
export const LATENCY_BINS = 20;
/** Upper edge of the first bin, microseconds. */
export const FIRST_LATENCY_EDGE_US = 32;

const MAX_PROXIES = 16;

/** How often something that the app noted of a prediction was so: `{ accepted: { numTrue: 40, numAll: 100 } }`. */
export const proxyCounts = z
  .record(
    z.string().check(z.regex(/^[a-z0-9_.-]{1,48}$/)),
    z.object({ numTrue: nonNegativeInt, numAll: nonNegativeInt }),
  )
  .check(z.refine((given) => Object.keys(given).length <= MAX_PROXIES, `at most ${MAX_PROXIES} proxies`));

/**
 * What a device counted while it served one version: integers that add up over devices, and nothing of what it saw.
 * Counts begin with the version's installation and only grow, so that the newest message replaces the one before.
 */
export const servingMetrics = z.object({
  type: z.literal("serving-metrics"),
  model: modelName,
  version: positiveInt,
  releaseCounter: nonNegativeInt,
  /** Which installation of the version is counted; grows with every one. */
  installation: nonNegativeInt,
  numPredictions: nonNegativeInt,
  numErrors: nonNegativeInt,
  /** Starts of the process that found the one before ended without a goodbye. */
  numCrashes: nonNegativeInt,
  /** Requests that another version answered because this one could not. */
  numFallbacks: nonNegativeInt,
  latency: z.array(nonNegativeInt).check(z.length(LATENCY_BINS)),
  /** Predictions whose truth came, and those of them that were wrong. */
  numLabelled: nonNegativeInt,
  numWrong: nonNegativeInt,
  proxies: proxyCounts,
  /** Windows of the device's own drift monitor: how many had a verdict, and how many of them were drift. */
  numWindows: nonNegativeInt,
  numDriftWindows: nonNegativeInt,
  /** Only where a shadow runs: requests that both answered, and those that both answered alike. */
  shadow: z.optional(
    z.object({
      version: positiveInt,
      numCompared: nonNegativeInt,
      numAgreed: nonNegativeInt,
      numErrors: nonNegativeInt,
    }),
  ),
});
export type ServingMetrics = z.infer<typeof servingMetrics>;
