import { hasErrorCode, type ErrorCode, type EvaluationRunId, type ModelName } from "@fedge/protocol";
import type { Clock } from "../../clock/clock.js";
import type { Logger } from "../../rounds/ports.js";
import type { EvaluationService } from "./evaluation-service.js";
import {
  DEFAULT_MIN_DEVICES,
  type CohortResult,
  type EvaluationRequest,
  type EvaluationRunRecord,
} from "./run-record.js";

/** Two versions of a model, on all devices or on those of a filter. */
export interface DevicePair {
  readonly model: ModelName;
  readonly version: number;
  readonly against: number;
  readonly filter: string | null;
  readonly minDevices?: number;
}

/** What the devices said of a pair, in this many looks at it. */
export interface DeviceComparison {
  readonly result: CohortResult;
  readonly runId: EvaluationRunId;
  /** 1 for the first result of the pair, 2 for the second: looking often must not make news out of chance. */
  readonly look: number;
}

/** Why devices said nothing of a pair. */
export interface NoComparison {
  readonly result: null;
  readonly reason: string;
}

export interface DeviceComparisonsOptions {
  readonly evaluations: Pick<EvaluationService, "start"> & {
    readonly ended: (runId: EvaluationRunId) => Promise<EvaluationRunRecord>;
  };
  readonly clock: Clock;
  readonly logger: Logger;
}

const NUM_DEVICES = 100;
const MAX_EXAMPLES = 1000;
const DEADLINE_MS = 10 * 60_000;
/** A gate that is looked at for long asks the devices again, but not more often than this. */
const AGAIN_MS = 3_600_000;
/** After a run without a result. */
const RETRY_MS = 5 * 60_000;
const MAX_PAIRS = 256;
/** What may be otherwise at the next look; anything else is a defect. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "EVALUATION_TOO_FEW_DEVICES",
  "MODEL_INCOMPATIBLE",
  "CLOSED",
]);

interface Followed {
  latest: DeviceComparison | null;
  isRunning: boolean;
  askAgainAtMs: number;
  numLooks: number;
}

/** Evaluations that the aggregator starts by itself: for the autopilot, and for gates of rollouts. */
export class DeviceComparisons {
  readonly #pairs = new Map<string, Followed>();
  /** Ends when nobody is asked any more. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: DeviceComparisonsOptions) {}

  /**
   * Asks the devices, and waits for them. Without a result when too few are here, or answered. One pair after the other: a
   * device measures one at a time and declines what comes meanwhile, so that two at once would both get few answers.
   */
  compare(pair: DevicePair): Promise<DeviceComparison | NoComparison> {
    const found = this.#turn.then(() => this.#ask(pair));
    this.#turn = found.catch(() => undefined); // its caller has the failure
    return found;
  }

  async #ask(pair: DevicePair): Promise<DeviceComparison | NoComparison> {
    const { evaluations, logger } = this.options;
    try {
      const { runId } = await evaluations.start(requestOf(pair), "system");
      const ended = await evaluations.ended(runId);
      if (ended.result !== null) return { result: ended.result, runId, look: 1 };
      const reason = reasonOf(ended);
      logger.info({ runId, reason }, "an evaluation on devices gave no result");
      return { result: null, reason };
    } catch (error) {
      if (!hasErrorCode(error) || !PASSING.has(error.code)) throw error;
      logger.info({ code: error.code, model: pair.model }, "versions are not evaluated on devices now");
      return { result: null, reason: error.message };
    }
  }

  /**
   * The newest result; undefined before there is one. Asks the devices behind the scenes, when they were not asked yet or
   * long ago.
   */
  latest(pair: DevicePair): DeviceComparison | undefined {
    const followed = this.#followed(pair);
    const isDue = this.options.clock.nowMs() >= followed.askAgainAtMs;
    if (!followed.isRunning && isDue) void this.#follow(pair, followed);
    return followed.latest ?? undefined;
  }

  #followed(pair: DevicePair): Followed {
    const key = JSON.stringify([pair.model, pair.version, pair.against, pair.filter]);
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#pairs.keys();
    if (this.#pairs.size >= MAX_PAIRS && oldest !== undefined) this.#pairs.delete(oldest);
    const followed: Followed = { latest: null, isRunning: false, askAgainAtMs: 0, numLooks: 0 };
    this.#pairs.set(key, followed);
    return followed;
  }

  async #follow(pair: DevicePair, followed: Followed): Promise<void> {
    followed.isRunning = true;
    let restMs = RETRY_MS;
    try {
      const found = await this.compare(pair);
      if (found.result !== null) {
        followed.numLooks += 1;
        followed.latest = { ...found, look: followed.numLooks };
        restMs = AGAIN_MS;
      }
    } catch (error) {
      this.options.logger.error({ err: error, ...pair }, "versions could not be evaluated on devices");
    } finally {
      followed.askAgainAtMs = this.options.clock.nowMs() + restMs;
      followed.isRunning = false;
    }
  }
}

/** With what the devices that gave no numbers said instead. */
function reasonOf({ reason, runId, declined, numLost }: EvaluationRunRecord): string {
  const others = { ...declined, ...(numLost === 0 ? {} : { lost: numLost }) };
  const said = Object.entries(others).map(([what, count]) => `${count} ${what}`);
  return `${[reason ?? "no result", ...said].join("; ")} (evaluation ${runId})`;
}

function requestOf({
  model,
  version,
  against,
  filter,
  minDevices = DEFAULT_MIN_DEVICES,
}: DevicePair): EvaluationRequest {
  const numDevices = Math.max(NUM_DEVICES, minDevices);
  const size = { numDevices, minDevices, maxExamples: MAX_EXAMPLES, deadlineMs: DEADLINE_MS };
  return { model, version, against, filter, segments: [], ...size };
}
