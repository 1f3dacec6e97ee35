import { errorCodeOf, numScalars, type ModelManifest } from "@fedge/protocol";
import { cohortSize } from "../rounds/cohort.js";
import type { FoldSnapshotRef } from "../rounds/journal.js";
import type { FoldBounds } from "../rounds/ports.js";
import type { TaskPorts } from "./ports.js";
import type { TaskConfig } from "./task-config.js";
import type { LoadedVersion } from "./version-maker.js";

/** What the task's settings let the sum of a round become. */
export function foldBounds(config: TaskConfig, { parameters }: ModelManifest): FoldBounds {
  const { goalReports, overSelection } = config.round;
  return {
    numParameters: numScalars(parameters),
    maxNorm: config.update.maxNorm,
    maxExamplesPerDevice: config.training.maxExamples,
    maxCohortSize: cohortSize(goalReports, overSelection),
  };
}

/**
 * Readies the fold for a round: empty, or with the sum that the journal names. False when that sum is lost or damaged;
 * the fold is empty then, and the round cannot go on.
 */
export async function beginFold(
  { fold, logger }: Pick<TaskPorts, "fold" | "logger">,
  config: TaskConfig,
  { base, snapshot }: { readonly base: LoadedVersion; readonly snapshot: FoldSnapshotRef | null },
): Promise<boolean> {
  const bounds = foldBounds(config, base.manifest);
  if (snapshot === null) {
    await fold.begin(bounds);
    return true;
  }
  try {
    await fold.restore(bounds, snapshot);
    return true;
  } catch (error) {
    if (errorCodeOf(error) !== "DATA_CORRUPT") throw error;
    logger.error(
      { err: error, taskId: config.taskId },
      "a round's sum cannot be read; the round is abandoned",
    );
    await fold.begin(bounds);
    return false;
  }
}
