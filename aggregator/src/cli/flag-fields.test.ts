import { Command } from "commander";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { rolloutConfig } from "../rollouts/rollout-config.js";
import { taskConfig } from "../tasks/task-config.js";
import { addRolloutFlags, type RolloutFlags } from "./rollout/rollout-flags.js";
import { rolloutOfFlags } from "./rollout/rollout-of-flags.js";
import { addTaskFlags, type TaskFlags } from "./task/task-flags.js";
import { taskConfigOf } from "./task/task-of-flags.js";

/** A field of an HTTP body, the flags that say it, and what stands in the body then. */
type Row = readonly [field: string, flags: readonly string[], value: unknown];

const AB = "--kind ab --arms 7,8 --metric proxy:a --horizon 2d --effect 0.02".split(" ");
const WINDOW = ["--window", "mon,wed 22:00-23:30 Europe/Berlin"];
const WAVE = ["--wave", "pilots:5:4h:manual:abort@tag == pilot"];
const ABORT = ["--abort-at", "0.2:10"];
const GATE = ["--gate", "error-rate:+0.03:70:0.04@region == eu"];
const STEPS = { downloading: 7_200_000, verifying: 600_000 };
const RATE = ["--rate", "50:2:1000:400"];

const ROLLOUT_ROWS: readonly Row[] = [
  ["rolloutId", ["--id", "night"], "night"],
  ["kind", ["--kind", "shadow"], "shadow"],
  ["arms", AB, [7, 8]],
  ["note", ["--note", "why"], "why"],
  ["filter", ["--filter", "tag == a"], "tag == a"],
  ["waves.*.name", WAVE, "pilots"],
  ["waves.*.filter", WAVE, "tag == pilot"],
  ["waves.*.percent", WAVE, 5],
  ["waves.*.soakMs", WAVE, 14_400_000],
  ["waves.*.isManual", WAVE, true],
  ["waves.*.onInconclusive", WAVE, "abort"],
  ["gates.install.abort.atErrors", ABORT, 0.2],
  ["gates.install.abort.minReports", ABORT, 10],
  ["gates.install.minSuccess", ["--min-success", "0.7"], 0.7],
  ["gates.install.minReached", ["--min-reached", "0.6"], 0.6],
  ["gates.install.maxErrors", ["--max-errors", "0.3"], 0.3],
  ["gates.install.minReports", ["--min-reports", "4"], 4],
  ["gates.install.onErrors", ["--on-errors", "pause"], "pause"],
  ["gates.metrics.*.metric", GATE, "error-rate"],
  ["gates.metrics.*.tolerance.absolute", GATE, 0.03],
  ["gates.metrics.*.tolerance.relative", ["--gate", "latency-p95:+20%"], 0.2],
  ["gates.metrics.*.minSample", GATE, 70],
  ["gates.metrics.*.alpha", GATE, 0.04],
  ["gates.metrics.*.segment", GATE, "region == eu"],
  ["install.stateDeadlineMs", ["--install", "state-deadline=2h"], 7_200_000],
  ["install.maxActivations", ["--install", "activations=2"], 2],
  ["install.maxCrashes", ["--install", "crashes=1"], 1],
  ["install.onDrift", ["--install", "on-drift=back"], "back"],
  ["install.rollback", ["--install", "rollback=never"], "never"],
  ["install.probation.minPredictions", ["--install", "predictions=7"], 7],
  ["install.probation.minDurationMs", ["--install", "time=90s"], 90_000],
  ["install.probation.deadlineMs", ["--install", "deadline=2d"], 172_800_000],
  ["install.probation.maxErrorRate", ["--install", "errors=7%"], 0.07],
  ["install.probation.maxLatencyRatio", ["--install", "latency=2"], 2],
  ["install.probation.maxMemoryGrowthBytes", ["--install", "memory=64MB"], 64_000_000],
  ["install.probation.allowsOffline", ["--install", "offline=no"], false],
  ["analysis.intervalMs", ["--look-every", "30s"], 30_000],
  ["analysis.failureLimit", ["--failure-limit", "2"], 2],
  ["analysis.errorLimit", ["--error-limit", "9"], 9],
  ["analysis.deadlineMs", ["--analysis-deadline", "6h"], 21_600_000],
  ["analysis.estimateAfterMs", ["--estimate-after", "2h"], 7_200_000],
  ["analysis.waveTimeoutMs", ["--wave-timeout", "2d"], 172_800_000],
  ["analysis.onInconclusive", ["--on-inconclusive", "accept-estimate"], "accept-estimate"],
  ["rate.basePerMinute", RATE, 50],
  ["rate.factor", RATE, 2],
  ["rate.growAt", RATE, 1000],
  ["rate.maxPerMinute", RATE, 400],
  ["schedule.startAtMs", ["--start", "2026-12-01T22:00Z"], Date.UTC(2026, 11, 1, 22)],
  ["schedule.endAtMs", ["--end", "2026-12-05T06:00Z"], Date.UTC(2026, 11, 5, 6)],
  ["schedule.onEnd", ["--on-end", "pause"], "pause"],
  ["schedule.windows.*.days", WINDOW, [1, 3]],
  ["schedule.windows.*.startMinute", WINDOW, 1320],
  ["schedule.windows.*.durationMinutes", WINDOW, 90],
  ["schedule.windows.*.timeZone", WINDOW, "Europe/Berlin"],
  ["inProgressTimeoutMs", ["--timeout", "2h"], 7_200_000],
  ["stepTimeoutsMs", ["--step-timeout", "downloading=2h,verifying=10m"], STEPS],
  ["maxAttempts", ["--attempts", "2"], 2],
  ["needsApproval", ["--needs-approval"], true],
  ["rollBackUpToPercent", ["--roll-back-up-to", "1"], 1],
  ["onAbort", ["--on-abort", "cancel"], "cancel"],
  ["priority", ["--priority", "7"], 7],
  ["comparison.metric", AB, "proxy:a"],
  ["comparison.horizonMs", AB, 172_800_000],
  ["comparison.minDetectableEffect", AB, 0.02],
  ["comparison.alpha", [...AB, "--alpha", "0.01"], 0.01],
  ["comparison.power", [...AB, "--power", "0.9"], 0.9],
];
/** Said by the argument `digits@7`. */
const ROLLOUT_ARGUMENT = ["model", "version"];
/** No fields of the body: where it is read from, and what takes something back. */
const ROLLOUT_FLAGS_BESIDE = ["--config", "--template", "--no-gates", "--no-needs-approval"];

const MOMENTUM = ["--server-optimizer", "fedavgm", "--server-momentum", "0.8", "--server-learning-rate", "2"];
const ADAM = "--server-optimizer fedadam --beta1 0.7 --beta2 0.95 --tau 0.01".split(" ");
const AFTER_ROUND = ["--retry-after-round", "2s..9s"];
const AFTER_REJECTION = ["--retry-after-rejection", "3s..8s"];
const PILOT = ["--autopilot", "3"];

const TASK_ROWS: readonly Row[] = [
  ["taskId", ["--id", "night"], "night"],
  ["model", [], "digits"],
  ["filter", ["--filter", "platform == node*"], "platform == node*"],
  ["seed", ["--seed", "abc"], "abc"],
  ["maxRounds", ["--rounds", "7"], 7],
  ["targetAccuracy", ["--target", "0.9"], 0.9],
  ["round.goalReports", ["--goal", "30"], 30],
  ["round.minReports", ["--min-reports", "3"], 3],
  ["round.overSelection", ["--over-selection", "1.7"], 1.7],
  ["round.minAvailable", ["--min-available", "17"], 17],
  ["round.selectionDeadlineMs", ["--selection-deadline", "45s"], 45_000],
  ["round.reportingDeadlineMs", ["--reporting-deadline", "2m"], 120_000],
  ["round.lostGraceMs", ["--lost-grace", "7s"], 7000],
  ["round.close", ["--close", "cohort"], "cohort"],
  ["round.pauseBetweenRoundsMs", ["--pause", "5s"], 5000],
  ["round.minSeparationRounds", ["--min-separation", "2"], 2],
  ["round.poolLimit", ["--pool-limit", "55"], 55],
  ["round.poolWaitMs", ["--pool-wait", "3m"], 180_000],
  ["round.retryAfterRound.minMs", AFTER_ROUND, 2000],
  ["round.retryAfterRound.maxMs", AFTER_ROUND, 9000],
  ["round.retryAfterRejection.minMs", AFTER_REJECTION, 3000],
  ["round.retryAfterRejection.maxMs", AFTER_REJECTION, 8000],
  ["training.epochs", ["--epochs", "3"], 3],
  ["training.batchSize", ["--batch", "16"], 16],
  ["training.learningRate", ["--learning-rate", "0.3"], 0.3],
  ["training.proximalMu", ["--prox", "0.2"], 0.2],
  ["training.maxExamples", ["--max-examples", "77"], 77],
  ["training.minExamples", ["--min-examples", "5"], 5],
  ["update.encoding", ["--encoding", "int8"], "int8"],
  ["update.maxNorm", ["--max-norm", "12"], 12],
  ["serverOptimizer.kind", MOMENTUM, "fedavgm"],
  ["serverOptimizer.learningRate", MOMENTUM, 2],
  ["serverOptimizer.momentum", MOMENTUM, 0.8],
  ["serverOptimizer.beta1", ADAM, 0.7],
  ["serverOptimizer.beta2", ADAM, 0.95],
  ["serverOptimizer.tau", ADAM, 0.01],
  ["release.everyVersions", ["--release-every", "4"], 4],
  ["autopilot.everyGoodRounds", PILOT, 3],
  ["autopilot.evaluation", [...PILOT, "--autopilot-evaluation", "devices"], "devices"],
  ["autopilot.template", [...PILOT, "--autopilot-template", "quick"], "quick"],
  ["autopilot.needsApproval", [...PILOT, "--no-autopilot-approval"], false],
  ["autopilot.minDevices", [...PILOT, "--autopilot-min-devices", "9"], 9],
];
/** Read the body from a file, and say the goal in another way. */
const TASK_FLAGS_BESIDE = ["--file", "--fraction"];

describe("fields of a rollout", () => {
  test("each has a flag, or stands in the argument", () => {
    const said = [...ROLLOUT_ROWS.map(([field]) => field), ...ROLLOUT_ARGUMENT];

    expect(said.sort()).toEqual(fieldsOf(rolloutConfig).sort());
  });

  test.each(ROLLOUT_ROWS)("%s is said by %j", (field, flags, value) => {
    const command = addRolloutFlags(new Command());

    const body = rolloutOfFlags({ model: "digits", version: 7 }, parsed<RolloutFlags>(command, flags), 0);

    expect(at(body, field)).toEqual(value);
  });

  test("every flag says a field, or is listed", () => {
    expect(flagsIn(ROLLOUT_ROWS, ROLLOUT_FLAGS_BESIDE)).toEqual(flagsOf(addRolloutFlags(new Command())));
  });
});

describe("fields of a task", () => {
  test("each has a flag", () => {
    expect(TASK_ROWS.map(([field]) => field).sort()).toEqual(fieldsOf(taskConfig).sort());
  });

  test.each(TASK_ROWS)("%s is said by %j", (field, flags, value) => {
    const given = parsed<TaskFlags>(addTaskFlags(new Command()), ["--model", "digits", ...flags]);

    expect(at(taskConfigOf(given, { numEnrolled: 0, nowMs: 0 }), field)).toEqual(value);
  });

  test("every flag says a field, or is listed", () => {
    const beside = [...TASK_FLAGS_BESIDE, "--model"];

    expect(flagsIn(TASK_ROWS, beside)).toEqual(flagsOf(addTaskFlags(new Command())));
  });
});

function parsed<T>(command: Command, flags: readonly string[]): T {
  return command
    .exitOverride()
    .parse([...flags], { from: "user" })
    .opts() as T;
}

function flagsOf(command: Command): string[] {
  return command.options.map(({ long }) => long ?? "").sort();
}

function flagsIn(rows: readonly Row[], beside: readonly string[]): string[] {
  const words = rows.flatMap(([, flags]) => flags.filter((word) => word.startsWith("--")));
  return [...new Set([...words, ...beside])].sort();
}

/** The value at `a.*.b`; `*` is the first element of a list. */
function at(value: unknown, field: string): unknown {
  return field
    .split(".")
    .reduce<unknown>(
      (held, name) => (held as Readonly<Record<string, unknown>>)[name === "*" ? "0" : name],
      value,
    );
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Every field of the schema that holds no further ones; lists of objects are written `name.*`. */
function fieldsOf(schema: z.core.$ZodType): string[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return [...new Set(leavesOf(json, ""))];
}

function leavesOf({ properties, items, anyOf, oneOf }: JsonSchema, path: string): string[] {
  const choices = [...(anyOf ?? []), ...(oneOf ?? [])].filter(hasFields);
  if (choices.length > 0) return choices.flatMap((choice) => leavesOf(choice, path));
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([name, field]) =>
      leavesOf(field, path === "" ? name : `${path}.${name}`),
    );
  }
  return items !== undefined && hasFields(items) ? leavesOf(items, `${path}.*`) : [path];
}

function hasFields({ properties, anyOf, oneOf }: JsonSchema): boolean {
  return properties !== undefined || [...(anyOf ?? []), ...(oneOf ?? [])].some(hasFields);
}
