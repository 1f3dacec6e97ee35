import type { ModelName, Sha256, TaskId } from "@fedge/protocol";
import type { LossReason, StoredRound } from "../rounds/journal.js";
import type { AggregatorService } from "../service.js";
import type { EvaluationRecord } from "../store/port.js";
import type { AloneSummary } from "./alone/alone-training.js";
import type { SuggestionComparison } from "./next-word/suggestion-comparison.js";
import type { SimulationOptions } from "./options.js";

export interface RoundResult {
  readonly round: number;
  /** Null when the round was abandoned. */
  readonly version: number | null;
  /** Of the version on the held-out examples, a fraction in [0, 1]. */
  readonly accuracy: number | null;
  readonly loss: number | null;
  readonly reported: number;
  readonly dropped: number;
  readonly late: number;
  readonly aborted: number;
  readonly refused: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface SimulationResult {
  readonly rounds: number;
  /** Null when no target was given. */
  readonly reachedTarget: boolean | null;
  /** Of the final version. */
  readonly testAccuracy: number | null;
  readonly perRound: readonly RoundResult[];
  /** Null when no device was to train alone. */
  readonly alone: AloneSummary | null;
  /** Null for models that suggest no words. */
  readonly suggestions: SuggestionComparison | null;
  readonly lostByReason: Readonly<Record<LossReason, number>>;
  /** All of it. */
  readonly wallSeconds: number;
  /** Spent on reading or drawing the data. */
  readonly dataSeconds: number;
  /** From the start of the devices to the end of the task. */
  readonly taskSeconds: number;
  /** From the first selection, when all devices wait, to the end of the task. */
  readonly roundsSeconds: number;
  /** Summed over the devices whose updates were counted. */
  readonly trainSeconds: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly finalVersion: number;
  readonly finalCheckpointSha256: Sha256;
  readonly devicesServingFinalVersion: number;
  readonly seed: string;
  readonly options: SimulationOptions;
}

const PAGE = 500;

/** The rounds that ran to an end of their own; one that the reached target cut short is none of them. */
export async function readRounds(
  service: AggregatorService,
  taskId: TaskId,
  from = 0,
): Promise<StoredRound[]> {
  const rounds: StoredRound[] = [];
  for (let offset = from; ; offset += PAGE) {
    const page = await service.listRounds(taskId, { limit: PAGE, offset });
    rounds.push(
      ...page.filter((round) => round.outcome !== "open" && round.abandonReason !== "task-stopped"),
    );
    if (page.length < PAGE) return rounds;
  }
}

/** The newest evaluation of every version that has one. */
export async function readEvaluations(
  service: AggregatorService,
  model: ModelName,
): Promise<ReadonlyMap<number, EvaluationRecord>> {
  const evaluations = new Map<number, EvaluationRecord>();
  for (let offset = 0; ; offset += PAGE) {
    const page = await service.listVersions(model, { limit: PAGE, offset });
    for (const version of page) {
      const newest = version.evaluations.at(-1);
      if (newest !== undefined) evaluations.set(version.version, newest);
    }
    if (page.length < PAGE) return evaluations;
  }
}

export function roundResult(round: StoredRound, evaluation: EvaluationRecord | undefined): RoundResult {
  return {
    round: round.number,
    version: round.version,
    accuracy: evaluation?.accuracy ?? null,
    loss: evaluation?.loss ?? null,
    reported: round.numCounted,
    dropped: round.lost.dropped,
    late: round.lost.late,
    aborted: round.lost.aborted,
    refused: round.lost.refused,
    bytesUp: round.bytesUp,
    bytesDown: round.bytesDown,
  };
}

export function sumLost(rounds: readonly StoredRound[]): Record<LossReason, number> {
  const sum: Record<LossReason, number> = { dropped: 0, late: 0, aborted: 0, refused: 0, "not-needed": 0 };
  for (const { lost } of rounds) {
    for (const reason of Object.keys(sum) as LossReason[]) sum[reason] += lost[reason];
  }
  return sum;
}
