import type { ModelName, TaskId } from "@fedge/protocol";
import { decodeTaskConfig, type TaskConfig } from "../tasks/task-config.js";
import type { SimulationOptions } from "./options.js";

/** Deadlines of a simulated task. They pass only for devices that fail on purpose, and then at once. */
export const SIMULATED_DEADLINES = {
  selectionDeadlineMs: 7 * 24 * 3600 * 1000,
  reportingDeadlineMs: 2 * 3600 * 1000,
  lostGraceMs: 30_000,
  poolWaitMs: 7 * 24 * 3600 * 1000,
} as const;

const AT_ONCE = { minMs: 0, maxMs: 0 };
/** No honest update of the zoo's models comes near; the aggregator asks for a bound. */
const MAX_NORM = 100;
/** More than any device holds; the bound sets the fixed point of the sum. */
const MAX_EXAMPLES = 65_536;

/** The task of a simulated run. Selection waits for the whole fleet, so that cohorts do not depend on speed. */
export function simulatedTask(
  options: SimulationOptions,
  of: { readonly taskId: TaskId; readonly model: ModelName },
): TaskConfig {
  const { goalReports, minReports, overSelection, close, numDevices } = options;
  return decodeTaskConfig({
    ...of,
    seed: options.seed,
    maxRounds: options.rounds,
    targetAccuracy: options.targetAccuracy,
    round: {
      ...{ goalReports, minReports, overSelection, close },
      ...SIMULATED_DEADLINES,
      minAvailable: numDevices,
      poolLimit: numDevices,
      pauseBetweenRoundsMs: 0,
      minSeparationRounds: 0,
      retryAfterRound: AT_ONCE,
      retryAfterRejection: AT_ONCE,
    },
    training: {
      epochs: options.epochs,
      batchSize: options.batchSize,
      learningRate: options.learningRate,
      proximalMu: options.proximalMu,
      maxExamples: MAX_EXAMPLES,
      minExamples: 1,
    },
    update: { encoding: options.encoding, maxNorm: MAX_NORM },
    serverOptimizer: options.serverOptimizer,
    release: { everyVersions: options.releaseEvery },
  });
}
