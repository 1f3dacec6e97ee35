import { hasErrorCode, type ModelName, type Sha256 } from "@fedge/protocol";
import type { Audit } from "../audit/audit.js";
import type { BlobStore } from "../blobs/port.js";
import { decodeExampleResults } from "../evaluation/example-results.js";
import type {
  DeviceComparison,
  DevicePair,
  NoComparison,
} from "../evaluation/federated/device-comparisons.js";
import type { CohortRate } from "../rollouts/gates/device-rates.js";
import type { Logger } from "../rounds/ports.js";
import type { RolloutId } from "../rollouts/rollout-config.js";
import type { RolloutService } from "../rollouts/rollout-service.js";
import { rolloutFromTemplate } from "../rollouts/templates.js";
import type { ControlStore, EvaluationRecord } from "../store/port.js";
import type { TaskConfig } from "../tasks/task-config.js";
import { normalTail } from "@fedge/protocol/drift";

/** How well a version does: correct answers of so many. */
export interface AccuracyCounts {
  readonly numCorrect: number;
  readonly numExamples: number;
}

export interface AutopilotOptions {
  readonly store: Pick<ControlStore, "listEvaluations">;
  /** Has what evaluations gave on every example, and with it the hash of the data. */
  readonly blobs: Pick<BlobStore, "has" | "get">;
  readonly rollouts: Pick<RolloutService, "create" | "command" | "get">;
  /** What the devices of a filter run, all of them without one; null while there is none. */
  readonly versionBefore: (of: {
    readonly model: ModelName;
    readonly version: number;
    readonly filter: string;
  }) => Promise<number | null>;
  /** Asks the devices; undefined when too few are here, or answered. */
  readonly evaluateOnDevices: (pair: DevicePair) => Promise<DeviceComparison | NoComparison>;
  /** Hears why a version was not proposed. */
  readonly audit: Audit;
  readonly logger: Logger;
}

/** What an evaluation says of a candidate. */
interface Judgement {
  readonly isBetter: boolean;
  readonly why: string;
}

/** One-sided: a candidate that is as good as the champion passes once in twenty times. */
const ALPHA = 0.05;
/** The task's policy says whether its proposals need approval; what it made it cannot approve. */
const ACTOR = { name: "autopilot", mayApprove: true };

/**
 * Proposes the newest version of a task for a rollout when it is better than what the fleet runs beyond noise. Nothing is
 * released by it: the rollout has waves and gates, and waits for approval where the task says so.
 */
export class Autopilot {
  constructor(private readonly options: AutopilotOptions) {}

  /** Called after every so many good rounds; gives the rollout that it made, or null. */
  async consider(task: TaskConfig, version: number): Promise<RolloutId | null> {
    const { autopilot, model, taskId, filter = "" } = task;
    if (autopilot === undefined) return null;
    const champion = await this.options.versionBefore({ model, version, filter });
    if (champion === null || champion >= version) return null;
    const rolloutId = `${taskId.slice(0, 48)}-v${version}` as RolloutId;
    const isOnDevices = autopilot.evaluation === "devices";
    const { isBetter, why } = await (isOnDevices
      ? this.#onDevices(task, version, champion)
      : this.#heldOut(task, version, champion));
    if (!isBetter) {
      const details = { model, version, against: champion, reason: why };
      await this.options.audit.append({
        ...{ actor: ACTOR.name, action: "rollout.not-proposed", subject: rolloutId, details },
      });
      return null;
    }
    const { template, needsApproval } = autopilot;
    const plan = { rolloutId, model, version, note: why, needsApproval, filter };
    return this.#propose(rolloutFromTemplate(template, plan), needsApproval);
  }

  async #propose(
    config: ReturnType<typeof rolloutFromTemplate>,
    needsApproval: boolean,
  ): Promise<RolloutId | null> {
    try {
      await this.options.rollouts.create(config, ACTOR);
    } catch (error) {
      if (!hasErrorCode(error) || error.code !== "ROLLOUT_STATE_CONFLICT") throw error;
      // After a restart the same round may be considered again: what was made then and not started is started now.
      const { state, createdBy } = await this.options.rollouts.get(config.rolloutId);
      if (needsApproval || state !== "ready" || createdBy !== ACTOR.name) return null;
    }
    const reason = "better than what the fleet runs, beyond noise";
    if (!needsApproval)
      await this.options.rollouts.command(config.rolloutId, "start", { actor: ACTOR, reason });
    return config.rolloutId;
  }

  /** Whether the version is better on the server's data, beyond noise. */
  async #heldOut({ model }: TaskConfig, version: number, champion: number): Promise<Judgement> {
    const measured = await this.#measured(model, version);
    const measuredBefore = await this.#measured(model, champion);
    const unmeasured = measured === undefined ? version : champion;
    if (measured === undefined || measuredBefore === undefined)
      return { isBetter: false, why: `version ${unmeasured} was not measured on the server's data` };
    if (!(await this.#isSameData(measured, measuredBefore)))
      return {
        isBetter: false,
        why: `version ${champion} was measured on other data than version ${version}`,
      };
    const [candidate, before] = [countsOf(measured), countsOf(measuredBefore)];
    const why = `${textOf(candidate)}, version ${champion}: ${textOf(before)}`;
    return isBetter(candidate, before)
      ? { isBetter: true, why }
      : { isBetter: false, why: `not better beyond noise: ${why}` };
  }

  /** The same, as the devices say: by the loss on their own examples, paired, with devices as the sample. */
  async #onDevices(task: TaskConfig, version: number, against: number): Promise<Judgement> {
    const { model, autopilot, filter = null } = task;
    const { minDevices } = autopilot ?? {};
    const size = minDevices === undefined ? {} : { minDevices };
    const found = await this.options.evaluateOnDevices({ model, version, against, filter, ...size });
    if (found.result === null)
      return { isBetter: false, why: `too few devices could evaluate it: ${found.reason}` };
    const { verdict, reason, numDevices } = found.result;
    const { runId } = found;
    this.options.logger.info({ model, version, against, verdict, runId }, "devices evaluated a version");
    const where = verdict === "better" ? "better than" : `${verdict} against`;
    const why = `${where} version ${against} on ${numDevices} devices ${reason} (evaluation ${runId})`;
    return { isBetter: verdict === "better", why };
  }

  async #measured(model: ModelName, version: number): Promise<EvaluationRecord | undefined> {
    const evaluations = await this.options.store.listEvaluations(model);
    return evaluations.find(
      ({ version: measured, dataSet, accuracy, segment }) =>
        measured === version && segment === "" && accuracy !== null && !dataSet.startsWith("devices:"),
    );
  }

  /** A server that starts with other data measures on it from then on, under the same name. */
  async #isSameData(one: EvaluationRecord, other: EvaluationRecord): Promise<boolean> {
    if (one.dataSet !== other.dataSet || one.numExamples !== other.numExamples) return false;
    const [data, otherData] = [await this.#dataOf(one), await this.#dataOf(other)];
    return data === null || otherData === null || data === otherData;
  }

  /** Hash of the examples; null where it is not kept. */
  async #dataOf({ results }: EvaluationRecord): Promise<Sha256 | null> {
    const { blobs } = this.options;
    if (results === null || !(await blobs.has(results.sha256))) return null;
    return decodeExampleResults(await blobs.get(results.sha256)).dataSha256;
  }
}

/** The pooled two-proportion z-test, one-sided: both versions on the same number of examples, taken as independent. */
export function isBetter(candidate: AccuracyCounts, champion: AccuracyCounts): boolean {
  const [one, other] = [rateOf(candidate), rateOf(champion)];
  if (one.numTrials === 0 || other.numTrials === 0) return false;
  const pooled = (candidate.numCorrect + champion.numCorrect) / (one.numTrials + other.numTrials);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / one.numTrials + 1 / other.numTrials));
  return error > 0 && normalTail((one.rate - other.rate) / error) < ALPHA;
}

function countsOf({ accuracy, numExamples }: EvaluationRecord): AccuracyCounts {
  return { numCorrect: Math.round((accuracy ?? 0) * numExamples), numExamples };
}

function textOf({ numCorrect, numExamples }: AccuracyCounts): string {
  return `${numCorrect} of ${numExamples} right`;
}

function rateOf({ numCorrect, numExamples }: AccuracyCounts): Pick<CohortRate, "rate" | "numTrials"> {
  return { rate: numExamples === 0 ? 0 : numCorrect / numExamples, numTrials: numExamples };
}
