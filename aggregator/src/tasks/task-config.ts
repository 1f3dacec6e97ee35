import {
  MAX_EXAMPLES_PER_UPDATE,
  decodeWith,
  modelName,
  retryWindow,
  taskId,
  updateEncoding,
} from "@fedge/protocol";
import * as z from "zod/mini";
import { TEMPLATE_NAMES } from "../rollouts/templates.js";
import { serverOptimizerConfig } from "../server-optimizers/config.js";

const count = (least: number, most: number) => z.int().check(z.gte(least), z.lte(most));
const milliseconds = count(0, 7 * 24 * 3600 * 1000);

/** How a round chooses, waits and closes (Bonawitz et al. 2019, sections 2.2 and 3). */
export const roundPolicy = z.object({
  /** Updates that a round aims for. */
  goalReports: count(1, 10_000),
  /** Updates below which a round is abandoned. */
  minReports: count(1, 10_000),
  /** Devices selected over devices aimed for; production fleets lose 6 to 10 % (Bonawitz et al. 2019). */
  overSelection: z.number().check(z.gte(1), z.lte(10)),
  /** Selection starts when this many devices wait. */
  minAvailable: count(1, 1_000_000),
  /** At this age of the selection a round goes on with whoever waits, or is abandoned below `minReports`. */
  selectionDeadlineMs: milliseconds,
  reportingDeadlineMs: milliseconds,
  /** How long a selected device may be out of touch before it counts as dropped. */
  lostGraceMs: milliseconds,
  /**
   * `goal` closes at `goalReports` counted updates; `cohort` waits for the last selected device to report or fail,
   * so that the result does not depend on who was fastest.
   */
  close: z.enum(["goal", "cohort"]),
  pauseBetweenRoundsMs: milliseconds,
  /** A device that was selected sits out this many following rounds. */
  minSeparationRounds: count(0, 10_000),
  /** Devices that may wait in the pool at once. */
  poolLimit: count(1, 1_000_000),
  /** How long a device waits in the pool before it is told to come back later. */
  poolWaitMs: milliseconds,
  retryAfterRound: retryWindow,
  retryAfterRejection: retryWindow,
});
export type RoundPolicy = z.infer<typeof roundPolicy>;

/** A round's id is its task's and a number, and must be an identifier itself. */
const MAX_TASK_ID_LENGTH = 52;

export const taskConfig = z.object({
  taskId: taskId.check(
    z.refine((id) => id.length <= MAX_TASK_ID_LENGTH, `at most ${MAX_TASK_ID_LENGTH} characters`),
  ),
  model: modelName,
  /** Trains on the devices that match only; on all where it is absent. */
  filter: z.optional(z.string().check(z.minLength(1), z.maxLength(1024))),
  seed: z.string().check(z.minLength(1), z.maxLength(128)),
  maxRounds: count(1, 1_000_000),
  /** Stops the task when the held-out accuracy of a version reaches this fraction; null trains all rounds. */
  targetAccuracy: z.nullable(z.number().check(z.gt(0), z.lte(1))),
  round: roundPolicy,
  training: z.object({
    epochs: count(1, 1000),
    batchSize: count(1, 65_536),
    learningRate: z.number().check(z.gt(0), z.lte(1000)),
    proximalMu: z.number().check(z.gte(0), z.lte(1000)),
    maxExamples: count(1, MAX_EXAMPLES_PER_UPDATE),
    minExamples: count(1, MAX_EXAMPLES_PER_UPDATE),
  }),
  update: z.object({
    encoding: updateEncoding,
    /** Updates with a larger L2 norm are refused. */
    maxNorm: z.number().check(z.gt(0), z.lte(1e6)),
  }),
  serverOptimizer: serverOptimizerConfig,
  /** Brings versions to the whole fleet at once, without waves and gates; absent, every version is a candidate only. */
  release: z.optional(
    z.object({
      /** Every so many versions the newest becomes the fleet's desired one; the last of a task always does. */
      everyVersions: count(1, 1_000_000),
    }),
  ),
  /**
   * In place of releases for the whole fleet: a version that is better than the fleet's beyond noise gets a rollout with
   * waves and gates.
   */
  autopilot: z.optional(
    z.object({
      /** Committed rounds between two considerations. */
      everyGoodRounds: count(1, 1_000_000),
      evaluation: z.enum(["held-out", "devices"]),
      template: z.enum(TEMPLATE_NAMES),
      needsApproval: z.boolean(),
      /** Of an evaluation on devices: fewer answers say nothing. */
      minDevices: z.optional(count(3, 1000)),
    }),
  ),
});
export type TaskConfig = z.infer<typeof taskConfig>;

/** The checked configuration. Throws OPTION_INVALID naming the field. */
export function decodeTaskConfig(value: unknown): TaskConfig {
  return decodeWith(taskConfig, value, { what: "task", code: "OPTION_INVALID" });
}

export const TASK_STATUSES = ["running", "paused", "completed", "stopped", "failed"] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];
