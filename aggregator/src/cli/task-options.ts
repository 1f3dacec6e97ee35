import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { FedgeError, MAX_EXAMPLES_PER_UPDATE } from "@fedge/protocol";
import { Option, type Command } from "commander";
import type { ServerOptimizerKind } from "../server-optimizers/config.js";
import { decodeTaskConfig, type TaskConfig } from "../tasks/task-config.js";
import { decimal, duration, durationWindow, wholeNumber, type DurationWindow } from "./flag-values.js";

/** Flags of `fedge task create`, as commander reads them. */
export interface TaskFlags {
  readonly file?: string;
  readonly model?: string;
  readonly id?: string;
  readonly seed?: string;
  readonly rounds: number;
  readonly target?: number;
  readonly goal?: number;
  readonly fraction?: number;
  readonly minReports?: number;
  readonly overSelection: number;
  readonly minAvailable?: number;
  readonly selectionDeadline: number;
  readonly reportingDeadline: number;
  readonly lostGrace: number;
  readonly close: string;
  readonly pause: number;
  readonly minSeparation: number;
  readonly poolLimit: number;
  readonly poolWait: number;
  readonly retryAfterRound: DurationWindow;
  readonly retryAfterRejection: DurationWindow;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly prox: number;
  readonly maxExamples: number;
  readonly minExamples: number;
  readonly encoding: string;
  readonly maxNorm: number;
  readonly serverOptimizer: string;
  readonly serverLearningRate?: number;
  readonly serverMomentum?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly tau?: number;
  readonly releaseEvery: number;
}

const SERVER_OPTIMIZERS = [
  "fedavg",
  "fedavgm",
  "fedadagrad",
  "fedadam",
  "fedyogi",
] as const satisfies readonly ServerOptimizerKind[];
const DEFAULT_GOAL = 10;
const MAX_FILE_BYTES = 64 * 1024;
const positive = { least: 1, most: 1_000_000 };

/** Adds a flag for every field of a task; defaults suit a few to a few hundred devices. */
export function addTaskFlags(command: Command): Command {
  command
    .option("--file <task.json>", "whole task as JSON; no other flag of the task then counts")
    .option("--model <name>", "model to train")
    .option("--id <task>", "name of the task (default: the model's name and the time)")
    .option("--seed <text>", "makes every choice of devices (default: drawn)")
    .option("--rounds <count>", "most rounds", wholeNumber(positive), 20)
    .option("--target <fraction>", "held-out accuracy at which to stop", decimal({ above: 0, most: 1 }))
    .option("--release-every <count>", "versions from one release to the next", wholeNumber(positive), 1);
  addRoundFlags(command);
  addPoolFlags(command);
  addTrainingFlags(command);
  return addServerOptimizerFlags(command);
}

function timeFlag(flags: string, description: string, standard: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(standard), standard);
}

function addRoundFlags(command: Command): void {
  command
    .option(
      "--goal <count>",
      `updates that a round aims for (default: ${DEFAULT_GOAL})`,
      wholeNumber({ least: 1, most: 10_000 }),
    )
    .option(
      "--fraction <fraction>",
      "goal as a fraction of the enrolled devices",
      decimal({ above: 0, most: 1 }),
    )
    .option(
      "--min-reports <count>",
      "updates below which a round is abandoned (default: half of the goal)",
      wholeNumber({ least: 1, most: 10_000 }),
    )
    .option(
      "--over-selection <factor>",
      "devices selected over devices aimed for",
      decimal({ least: 1, most: 10 }),
      1.3,
    )
    .option(
      "--min-available <count>",
      "waiting devices at which selection starts (default: the goal)",
      wholeNumber(positive),
    )
    .addOption(timeFlag("--selection-deadline <duration>", "longest selection", "60s"))
    .addOption(timeFlag("--reporting-deadline <duration>", "longest training and upload", "5m"))
    .addOption(timeFlag("--lost-grace <duration>", "how long a device may be out of touch", "15s"))
    .addOption(
      new Option("--close <policy>", "close at the goal, or wait for the cohort")
        .choices(["goal", "cohort"])
        .default("goal"),
    );
}

function addPoolFlags(command: Command): void {
  command
    .addOption(timeFlag("--pause <duration>", "pause between rounds", "0s"))
    .option(
      "--min-separation <rounds>",
      "rounds that a selected device sits out",
      wholeNumber({ least: 0, most: 10_000 }),
      0,
    )
    .option("--pool-limit <count>", "devices that may wait at once", wholeNumber(positive), 10_000)
    .addOption(timeFlag("--pool-wait <duration>", "how long a device waits before it is sent away", "10m"))
    .addOption(
      new Option("--retry-after-round <window>", "when a device may come back")
        .argParser(durationWindow)
        .default(durationWindow("1s..5s"), "1s..5s"),
    )
    .addOption(
      new Option("--retry-after-rejection <window>", "when a rejected device may come back")
        .argParser(durationWindow)
        .default(durationWindow("5s..30s"), "5s..30s"),
    );
}

function addTrainingFlags(command: Command): void {
  const examples = wholeNumber({ least: 1, most: MAX_EXAMPLES_PER_UPDATE });
  command
    .option(
      "--epochs <count>",
      "passes over a device's examples in a round",
      wholeNumber({ least: 1, most: 1000 }),
      1,
    )
    .option("--batch <count>", "examples in one step", wholeNumber({ least: 1, most: 65_536 }), 32)
    .option("--learning-rate <rate>", "of the devices", decimal({ above: 0, most: 1000 }), 0.1)
    .option("--prox <mu>", "FedProx coefficient", decimal({ least: 0, most: 1000 }), 0)
    .option("--max-examples <count>", "most examples that a device trains on", examples, 10_000)
    .option("--min-examples <count>", "fewest examples that a device needs", examples, 1)
    .addOption(
      new Option("--encoding <kind>", "of updates")
        .choices(["float32", "float16", "int8"])
        .default("float32"),
    )
    .option(
      "--max-norm <norm>",
      "updates with a larger L2 norm are refused",
      decimal({ above: 0, most: 1e6 }),
      1000,
    );
}

function addServerOptimizerFlags(command: Command): Command {
  const rate = decimal({ above: 0, most: 100 });
  const decay = decimal({ least: 0, most: 0.999999 });
  return command
    .addOption(
      new Option("--server-optimizer <kind>", "how updates move the model")
        .choices(SERVER_OPTIMIZERS)
        .default("fedavg"),
    )
    .option("--server-learning-rate <rate>", "of the server optimizer", rate)
    .option("--server-momentum <fraction>", "of fedavgm", decay)
    .option("--beta1 <fraction>", "of fedadagrad, fedadam and fedyogi", decay)
    .option("--beta2 <fraction>", "of fedadam and fedyogi", decay)
    .option(
      "--tau <number>",
      "adaptivity of fedadagrad, fedadam and fedyogi",
      decimal({ above: 0, most: 1 }),
    );
}

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
    release: { everyVersions: flags.releaseEvery },
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

function readTaskFile(path: string): TaskConfig {
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
