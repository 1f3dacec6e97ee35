import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { FedgeError } from "@fedge/protocol";
import { DEFAULT_TEMPLATE } from "../../rollouts/templates.js";
import { decodeTaskConfig, type TaskConfig } from "../../tasks/task-config.js";
import { DEFAULT_GOAL, type TaskFlags } from "./task-flags.js";

const MAX_FILE_BYTES = 64 * 1024;

/** The task that the flags describe. `numEnrolled` and `nowMs` are used by the defaults. Throws OPTION_INVALID. */
export function taskConfigOf(flags: TaskFlags, context: { numEnrolled: number; nowMs: number }): TaskConfig {
  if (flags.file !== undefined) return readTaskFile(flags.file);
  if (flags.model === undefined) {
    throw new FedgeError(
      "OPTION_INVALID",
      "say what to train with --model <name>; `fedge model list` shows the models",
    );
  }
  return decodeTaskConfig({
    taskId: flags.id ?? `${flags.model.slice(0, 50)}-${Math.floor(context.nowMs / 1000).toString(36)}`,
    model: flags.model,
    ...(flags.filter === undefined ? {} : { filter: flags.filter }),
    seed: flags.seed ?? randomBytes(16).toString("hex"),
    maxRounds: flags.rounds,
    targetAccuracy: flags.target ?? null,
    round: roundPolicyOf(flags, context.numEnrolled),
    training: {
      epochs: flags.epochs,
      batchSize: flags.batch,
      learningRate: flags.learningRate,
      proximalMu: flags.prox,
      maxExamples: flags.maxExamples,
      minExamples: flags.minExamples,
    },
    update: { encoding: flags.encoding, maxNorm: flags.maxNorm },
    serverOptimizer: serverOptimizerOf(flags),
    ...(flags.releaseEvery === undefined ? {} : { release: { everyVersions: flags.releaseEvery } }),
    autopilot: autopilotOf(flags),
  });
}

function roundPolicyOf(flags: TaskFlags, numEnrolled: number): unknown {
  const goalReports = goalOf(flags, numEnrolled);
  const minReports = flags.minReports ?? Math.max(1, Math.floor(goalReports / 2));
  if (minReports > goalReports) {
    throw new FedgeError(
      "OPTION_INVALID",
      `--min-reports is ${minReports}, but a round aims for ${goalReports}; lower it or raise --goal`,
    );
  }
  return {
    goalReports,
    minReports,
    overSelection: flags.overSelection,
    minAvailable: flags.minAvailable ?? goalReports,
    selectionDeadlineMs: flags.selectionDeadline,
    reportingDeadlineMs: flags.reportingDeadline,
    lostGraceMs: flags.lostGrace,
    close: flags.close,
    pauseBetweenRoundsMs: flags.pause,
    minSeparationRounds: flags.minSeparation,
    poolLimit: flags.poolLimit,
    poolWaitMs: flags.poolWait,
    retryAfterRound: flags.retryAfterRound,
    retryAfterRejection: flags.retryAfterRejection,
  };
}

function goalOf(flags: TaskFlags, numEnrolled: number): number {
  if (flags.fraction === undefined) return flags.goal ?? DEFAULT_GOAL;
  if (flags.goal !== undefined) {
    throw new FedgeError("OPTION_INVALID", "--goal and --fraction say the same thing; give one of them");
  }
  if (numEnrolled === 0) {
    throw new FedgeError(
      "OPTION_INVALID",
      "--fraction of no devices is none; enrol devices first, or give --goal",
    );
  }
  return Math.max(1, Math.round(flags.fraction * numEnrolled));
}

/** Only what was given: the schema has the defaults of every kind, and refuses what a kind does not have. */
function serverOptimizerOf(flags: TaskFlags): unknown {
  const given = Object.entries({
    learningRate: flags.serverLearningRate,
    momentum: flags.serverMomentum,
    beta1: flags.beta1,
    beta2: flags.beta2,
    tau: flags.tau,
  });
  const set = given.filter(([, value]) => value !== undefined);
  return { kind: flags.serverOptimizer, ...Object.fromEntries(set) };
}

function autopilotOf(flags: TaskFlags): unknown {
  const { autopilot, autopilotEvaluation, autopilotTemplate, autopilotMinDevices, autopilotApproval } = flags;
  if (autopilot !== undefined) {
    return {
      everyGoodRounds: autopilot,
      evaluation: autopilotEvaluation ?? "held-out",
      template: autopilotTemplate ?? DEFAULT_TEMPLATE,
      needsApproval: autopilotApproval,
      ...(autopilotMinDevices === undefined ? {} : { minDevices: autopilotMinDevices }),
    };
  }
  const given = [autopilotEvaluation, autopilotTemplate, autopilotMinDevices];
  if (autopilotApproval && given.every((value) => value === undefined)) return undefined;
  throw new FedgeError(
    "OPTION_INVALID",
    "flags of the autopilot were given without it; add --autopilot <rounds>, such as --autopilot 5",
  );
}

/** The task of a JSON file. Throws OPTION_INVALID for one that cannot be read, is too large, or is none. */
export function readTaskFile(path: string): TaskConfig {
  return decodeTaskConfig(parseFile(path));
}

function parseFile(path: string): unknown {
  try {
    const { size } = statSync(path);
    if (size <= MAX_FILE_BYTES) return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new FedgeError(
      "OPTION_INVALID",
      `cannot read the task in ${path} (${(cause as Error).message}); check --file`,
      {
        cause,
      },
    );
  }
  throw new FedgeError("OPTION_INVALID", `${path} is larger than ${MAX_FILE_BYTES} bytes; a task is not`);
}
