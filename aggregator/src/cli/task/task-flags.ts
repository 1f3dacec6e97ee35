import { MAX_EXAMPLES_PER_UPDATE } from "@fedge/protocol";
import { Option, type Command } from "commander";
import type { ServerOptimizerKind } from "../../server-optimizers/config.js";
import { DEFAULT_TEMPLATE, TEMPLATE_NAMES } from "../../rollouts/templates.js";
import { decimal, duration, durationWindow, wholeNumber, type DurationWindow } from "../flag-values.js";

/** Flags of `fedge task create`, as commander reads them. */
export interface TaskFlags {
  readonly file?: string;
  readonly model?: string;
  readonly id?: string;
  readonly filter?: string;
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
  readonly releaseEvery?: number;
  readonly autopilot?: number;
  readonly autopilotEvaluation?: string;
  readonly autopilotTemplate?: string;
  readonly autopilotMinDevices?: number;
  /** False with --no-autopilot-approval. */
  readonly autopilotApproval: boolean;
}

const SERVER_OPTIMIZERS = [
  "fedavg",
  "fedavgm",
  "fedadagrad",
  "fedadam",
  "fedyogi",
] as const satisfies readonly ServerOptimizerKind[];
/** Updates that a round aims for unless told otherwise. */
export const DEFAULT_GOAL = 10;
const positive = { least: 1, most: 1_000_000 };

/** Adds a flag for every field of a task; defaults suit a few to a few hundred devices. */
export function addTaskFlags(command: Command): Command {
  command
    .option("--file <task.json>", "whole task as JSON; no other flag of the task then counts")
    .option("--model <name>", "model to train")
    .option("--id <task>", "name of the task (default: the model's name and the time)")
    .option("--filter <filter>", 'train on these devices only, such as "attribute.region == coast"')
    .option("--seed <text>", "makes every choice of devices (default: drawn)")
    .option("--rounds <count>", "most rounds", wholeNumber(positive), 20)
    .option("--target <fraction>", "held-out accuracy at which to stop", decimal({ above: 0, most: 1 }))
    .option(
      "--release-every <count>",
      "bring every so many versions to the whole fleet at once, without waves and gates (default: versions are candidates, for `fedge rollout create`)",
      wholeNumber(positive),
    );
  addRoundFlags(command);
  addPoolFlags(command);
  addTrainingFlags(command);
  addAutopilotFlags(command);
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

function addAutopilotFlags(command: Command): void {
  command
    .option(
      "--autopilot <rounds>",
      "release nothing; every so many good rounds propose a rollout of what is better beyond noise",
      wholeNumber(positive),
    )
    .addOption(
      new Option(
        "--autopilot-evaluation <where>",
        "of the autopilot: on the server's data, or on devices (default: held-out)",
      ).choices(["held-out", "devices"]),
    )
    .addOption(
      new Option(
        "--autopilot-template <name>",
        `of the rollouts that it proposes (default: ${DEFAULT_TEMPLATE})`,
      ).choices(TEMPLATE_NAMES),
    )
    .option(
      "--autopilot-min-devices <count>",
      "answers below which an evaluation on devices says nothing (default: 5)",
      wholeNumber({ least: 3, most: 1000 }),
    )
    .option("--no-autopilot-approval", "its rollouts start without anybody's approval");
}
