import { FedgeError, type EvaluationRunId, type ModelName } from "@fedge/protocol";
import type { EvaluationService } from "../../evaluation/federated/evaluation-service.js";
import type { EvaluationRequest, EvaluationRunRecord } from "../../evaluation/federated/run-record.js";

/** Evaluations that are asked for and never end, for tests of what stands in front of them. */
export class EvaluationDouble implements EvaluationService {
  readonly runs: EvaluationRunRecord[] = [];

  async start(request: EvaluationRequest, actor: string): Promise<EvaluationRunRecord> {
    const runId = `run-${this.runs.length + 1}` as EvaluationRunId;
    const run: EvaluationRunRecord = {
      ...{
        runId,
        request,
        actor,
        state: "running",
        reason: null,
        startedAtMs: 1_700_000_000_000,
        endedAtMs: null,
      },
      ...{
        numAsked: request.numDevices,
        numAnswered: 0,
        numLost: 0,
        declined: {},
        result: null,
        segments: [],
      },
    };
    this.runs.unshift(run);
    return run;
  }

  async show(runId: EvaluationRunId): Promise<EvaluationRunRecord> {
    const run = this.runs.find((each) => each.runId === runId);
    if (run === undefined) throw new FedgeError("EVALUATION_UNKNOWN", `there is no evaluation ${runId}`);
    return run;
  }

  async list(model: ModelName, limit: number): Promise<EvaluationRunRecord[]> {
    return this.runs.filter(({ request }) => request.model === model).slice(0, limit);
  }
}
