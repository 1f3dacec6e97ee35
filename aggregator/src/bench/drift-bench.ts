import { driftResults } from "./drift/drift-measures.js";
import { measureMerge } from "./drift/merge-rate.js";
import { measureMonitor } from "./drift/monitored-predictions.js";
import type { BenchResult } from "./result.js";
import { startServerChild } from "./serve/server-child.js";

/**
 * What a monitor of fifty features adds to a prediction in Node, how many bytes a device's counts of a window take on the wire,
 * and how many devices' counts a server takes in a second on one core.
 */
export async function benchDrift(): Promise<BenchResult[]> {
  const server = await startServerChild();
  try {
    return driftResults({ ...(await measureMonitor(server)), ...measureMerge() });
  } finally {
    await server.close();
  }
}
