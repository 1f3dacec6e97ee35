import type { EvaluationRunId, ModelName } from "@fedge/protocol";
import type { EvaluationRunRecord } from "./run-record.js";

/** What is kept of evaluations on devices: their requests, and sums over cohorts. Every method is one transaction. */
export interface EvaluationRunStore {
  /** Makes the run, or replaces what is known of it. */
  saveRun(run: EvaluationRunRecord): Promise<void>;
  getRun(runId: EvaluationRunId): Promise<EvaluationRunRecord | undefined>;
  /** Newest first. */
  listRuns(model: ModelName, limit: number): Promise<EvaluationRunRecord[]>;
  /** Runs that have not ended: those of a server that was stopped, when it starts. Oldest first. */
  openRuns(): Promise<EvaluationRunRecord[]>;
}
