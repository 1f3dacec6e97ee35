import type { EvaluationRunId, ModelName } from "@fedge/protocol";
import type { EvaluationRequest, EvaluationRunRecord } from "./run-record.js";

/** What people and the aggregator itself do with evaluations on devices. */
export interface EvaluationService {
  /**
   * Asks devices. Throws VERSION_UNKNOWN, MODEL_INCOMPATIBLE for a version without an eval graph, FILTER_INVALID,
   * OPTION_INVALID, and EVALUATION_TOO_FEW_DEVICES when fewer than `minDevices` are here to be asked.
   */
  start(request: EvaluationRequest, actor: string): Promise<EvaluationRunRecord>;
  /** Throws EVALUATION_UNKNOWN. */
  show(runId: EvaluationRunId): Promise<EvaluationRunRecord>;
  /** Newest first. */
  list(model: ModelName, limit: number): Promise<EvaluationRunRecord[]>;
}
