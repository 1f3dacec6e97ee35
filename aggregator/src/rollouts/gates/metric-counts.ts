import { ownValue, type ServingMetrics } from "@fedge/protocol";
import type { DeviceCounts } from "./device-rates.js";

/**
 * What a device's counts say to a metric: `hits` is always what is worse when there is more of it. Proxies count what apps
 * hold for good, so that what was not so is the hit. A crash counts once for a device, however often it came.
 */
export function countsOf(metric: string, metrics: ServingMetrics): DeviceCounts {
  switch (metric) {
    case "error-rate":
      return rate(metrics.numErrors, Math.max(metrics.numPredictions, metrics.numErrors));
    case "fallback-rate":
      return rate(metrics.numFallbacks, metrics.numPredictions + metrics.numFallbacks);
    case "prediction-error":
      return rate(metrics.numWrong, metrics.numLabelled);
    case "drift-rate":
      return rate(metrics.numDriftWindows, metrics.numWindows);
    case "crash-rate":
      return rate(Math.min(1, metrics.numCrashes), 1);
    default: {
      const counts = ownValue(metrics.proxies, metric.replace(/^proxy:/, ""));
      return counts === undefined ? rate(0, 0) : rate(counts.numAll - counts.numTrue, counts.numAll);
    }
  }
}

/** A device may claim anything: hits beyond the trials are as many as the trials. */
function rate(hits: number, trials: number): DeviceCounts {
  return { hits: Math.min(Math.max(0, hits), trials), trials };
}

/** What was counted since `before`, where both are of one installation. */
export function since(before: ServingMetrics | undefined, now: ServingMetrics): ServingMetrics {
  if (before === undefined || before.installation !== now.installation) return now;
  const less = (one: number, other: number): number => Math.max(0, one - other);
  const proxies = Object.fromEntries(
    Object.entries(now.proxies).map(([name, counts]) => {
      const old = ownValue(before.proxies, name) ?? { numTrue: 0, numAll: 0 };
      return [name, { numTrue: less(counts.numTrue, old.numTrue), numAll: less(counts.numAll, old.numAll) }];
    }),
  );
  return {
    ...now,
    numPredictions: less(now.numPredictions, before.numPredictions),
    numErrors: less(now.numErrors, before.numErrors),
    numCrashes: less(now.numCrashes, before.numCrashes),
    numFallbacks: less(now.numFallbacks, before.numFallbacks),
    latency: now.latency.map((count, bin) => less(count, before.latency[bin] ?? 0)),
    numLabelled: less(now.numLabelled, before.numLabelled),
    numWrong: less(now.numWrong, before.numWrong),
    proxies,
    numWindows: less(now.numWindows, before.numWindows),
    numDriftWindows: less(now.numDriftWindows, before.numDriftWindows),
  };
}
