import {
  ERROR_CODES,
  decodeWith,
  deviceId,
  finiteNumber,
  nonNegativeInt,
  positiveInt,
} from "@fedge/protocol";
import * as z from "zod/mini";
import { rolloutConfig } from "../rollouts/rollout-config.js";
import type { RolloutState, Target } from "../rollouts/rollout-state.js";
import { PAUSE_REASONS, ROLLOUT_STATES, TARGET_STATES, WAVE_STATES } from "../rollouts/rollout-view.js";
import { TargetTable } from "../rollouts/target-table.js";
import { comparison, gate } from "./rollout-codec.js";

/** Snapshots of another format are passed over, and the journal is read instead. */
const SNAPSHOT_FORMAT = 1;

const atMs = z.nullable(nonNegativeInt);
const counts = z.partialRecord(z.enum(TARGET_STATES), nonNegativeInt);

const wave = z.object({
  state: z.enum(WAVE_STATES),
  ...{ numTargets: nonNegativeInt, numReached: nonNegativeInt, byState: counts },
  ...{ startedAtMs: atMs, soaksUntilMs: atMs, endedAtMs: atMs, gates: z.array(gate), lastLookAtMs: atMs },
  ...{ numFailures: nonNegativeInt, numErrors: nonNegativeInt, stalledSinceMs: atMs },
  ...{ timedFromMs: atMs, numForgiven: nonNegativeInt },
});

const history = z.object({
  ...{ seq: positiveInt, atMs: nonNegativeInt, actor: z.string(), event: z.string(), reason: z.string() },
});

const head = z.object({
  config: rolloutConfig,
  phase: z.enum(ROLLOUT_STATES),
  pauseReason: z.nullable(z.enum(PAUSE_REASONS)),
  ...{
    reason: z.string(),
    revision: nonNegativeInt,
    createdBy: z.string(),
    approvedBy: z.nullable(z.string()),
  },
  ...{ createdAtMs: nonNegativeInt, changedAtMs: nonNegativeInt },
  ...{ fallbackVersion: z.nullable(positiveInt), isReturn: z.boolean() },
  counters: z.record(z.string(), positiveInt),
  ...{ backCounter: z.nullable(positiveInt), currentWave: z.nullable(nonNegativeInt), waves: z.array(wave) },
  queue: z.array(deviceId),
  toldLately: z.array(z.object({ atMs: nonNegativeInt, numDevices: nonNegativeInt })),
  ...{ numCommitted: nonNegativeInt, numMatching: nonNegativeInt, isPromoted: z.boolean() },
  backDeadlineAtMs: atMs,
  backCounts: z.object({ told: nonNegativeInt, done: nonNegativeInt, failed: nonNegativeInt }),
  ...{ startedAtMs: atMs, shares: z.array(finiteNumber), sharesAtMs: atMs, comparedAtMs: atMs },
  ...{ comparison: z.nullable(comparison), isWindowOpen: z.boolean(), isDeleted: z.boolean() },
  history: z.array(history),
});

const snapshot = z.object({ format: z.literal(SNAPSHOT_FORMAT), head });

/** Rows without names: of a thousand devices, names would be three quarters of the bytes. */
const targetRow = z.tuple([
  deviceId,
  z.tuple([nonNegativeInt, positiveInt, z.enum(TARGET_STATES), positiveInt]),
  z.tuple([z.nullable(positiveInt), z.int(), z.boolean(), z.boolean(), z.boolean()]),
  z.tuple([atMs, atMs, nonNegativeInt]),
  z.tuple([z.nullable(z.enum(ERROR_CODES)), z.nullable(z.string())]),
  z.nullable(z.enum(["told", "done", "failed"])),
]);
type TargetRow = z.output<typeof targetRow>;

/** The state in two parts: what it is, and its devices. */
export function encodeSnapshot({ targets, ...rest }: RolloutState) {
  const rows = [...targets.entries()].map(([id, target]) => rowOf(id, target));
  return { snapshot: { format: SNAPSHOT_FORMAT, head: rest }, targets: rows };
}

/** Devices are left out where `rows` is null. Throws DATA_CORRUPT for what is none of this format. */
export function decodeSnapshot(kept: unknown, rows: unknown): RolloutState {
  const what = { what: "rollout snapshot", code: "DATA_CORRUPT" } as const;
  const { head: known } = decodeWith(snapshot, kept, what);
  const targets = decodeWith(z.array(targetRow), rows ?? [], what);
  return { ...known, targets: TargetTable.empty<Target>().withAll(targets.map(entryOf)) };
}

function rowOf(id: TargetRow[0], target: Target): TargetRow {
  const { wave: at, version, state, attempt, releaseCounter, step, deadlineAtMs, stepDeadlineAtMs } = target;
  return [
    id,
    [at, version, state, attempt],
    [releaseCounter, step, target.isReached, target.wasTold, target.isReplaced],
    [deadlineAtMs, stepDeadlineAtMs, target.changedAtMs],
    [target.code, target.message],
    target.back,
  ];
}

function entryOf([id, place, told, times, said, back]: TargetRow): readonly [TargetRow[0], Target] {
  const [at, version, state, attempt] = place;
  const [releaseCounter, step, isReached, wasTold, isReplaced] = told;
  const [deadlineAtMs, stepDeadlineAtMs, changedAtMs] = times;
  const [code, message] = said;
  const target = { wave: at, version, state, attempt, releaseCounter, step, isReached, wasTold, isReplaced };
  return [id, { ...target, deadlineAtMs, stepDeadlineAtMs, changedAtMs, code, message, back }];
}
