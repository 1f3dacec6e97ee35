import { errorCodeOf, numScalars } from "@fedge/protocol";
import { cohortSize } from "../rounds/cohort.js";
import type { FoldSnapshotRef } from "../rounds/journal.js";
import type { TaskPorts } from "./ports.js";
import type { TaskConfig } from "./task-config.js";
import type { LoadedVersion } from "./version-maker.js";

/**
 * Readies the fold for a round: empty, or with the sum that the journal names. False when that sum is lost or damaged;
 * the fold is empty then, and the round cannot go on.
 */
export async function beginFold(
  { fold, logger }: Pick<TaskPorts, "fold" | "logger">,
  config: TaskConfig,
  { base, snapshot }: { readonly base: LoadedVersion; readonly snapshot: FoldSnapshotRef | null },
): Promise<boolean> {
  const { goalReports, overSelection } = config.round;
  const bounds = {
    numParameters: numScalars(base.manifest.parameters),
    maxNorm: config.update.maxNorm,
    maxExamplesPerDevice: config.training.maxExamples,
    maxCohortSize: cohortSize(goalReports, overSelection),
  };
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
