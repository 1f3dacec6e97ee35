import { Option, type Command } from "commander";
import {
  rolloutHistory,
  rolloutList,
  rolloutView,
  targetList,
  type HistoryBody,
  type RolloutBody,
  type TargetBody,
} from "../../http/schema/rollout-schema.js";
import { TARGET_STATES } from "../../rollouts/rollout-view.js";
import { planLines } from "../../rollouts/plan-text.js";
import { wholeNumber } from "../flag-values.js";
import { readAll } from "../pages.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, timeText } from "../text.js";
import { hasColours, paintLines } from "./paint.js";
import { rolloutPath } from "./rollout-path.js";
import { rolloutPicture, stateText } from "./rollout-picture.js";
import { groupCounts, type TargetGroup } from "./wave-bar.js";

/** `fedge rollout list|show|targets|history`. */
export function addRolloutReads(rollout: Command, terminal: Terminal): void {
  addServerFlags(rollout.command("list").description("rollouts, newest first"))
    .option("--limit <count>", "at most so many rollouts", wholeNumber({ least: 1 }), 100)
    .action(async (flags: ServerFlags & { limit: number }) => {
      const client = clientOf(flags);
      const rollouts = await readAll(flags.limit, async (page) => {
        return (await client.get("/v1/rollouts", rolloutList, page)).rollouts;
      });
      printResult(terminal, rollouts, () => formatTable(COLUMNS, rollouts));
    });
  addServerFlags(rollout.command("show").description("one rollout with its waves and gates"))
    .argument("<rollout>", "id of the rollout")
    .action(async (rolloutId: string, flags: ServerFlags) => {
      const found = await clientOf(flags).get(rolloutPath(rolloutId), rolloutView);
      printResult(terminal, found, () => rolloutText(found, terminal));
    });
  addTargets(rollout, terminal);
  addServerFlags(rollout.command("history").description("what happened to a rollout, by whom and why"))
    .argument("<rollout>", "id of the rollout")
    .action(async (rolloutId: string, flags: ServerFlags) => {
      const path = `${rolloutPath(rolloutId)}/history`;
      const { history } = await clientOf(flags).get(path, rolloutHistory);
      printResult(terminal, history, () => formatTable(HISTORY_COLUMNS, history));
    });
}

function addTargets(rollout: Command, terminal: Terminal): void {
  addServerFlags(rollout.command("targets").description("devices of a rollout, and how far each is"))
    .argument("<rollout>", "id of the rollout")
    .addOption(new Option("--target-state <state>", "only those in this state").choices(TARGET_STATES))
    .option("--limit <count>", "at most so many devices", wholeNumber({ least: 1 }), 1000)
    .action(async (rolloutId: string, flags: ServerFlags & { limit: number; targetState?: string }) => {
      const client = clientOf(flags);
      const path = `${rolloutPath(rolloutId)}/targets`;
      const targets = await readAll(flags.limit, async (page) => {
        return (await client.get(path, targetList, { ...page, state: flags.targetState })).targets;
      });
      printResult(terminal, targets, () => formatTable(TARGET_COLUMNS, targets));
    });
}

const COLUMNS: readonly TableColumn<RolloutBody>[] = [
  { title: "ROLLOUT", cell: (rollout) => rollout.rolloutId },
  { title: "VERSION", cell: ({ config }) => `${config.model}@${config.version}` },
  { title: "KIND", cell: ({ config }) => config.kind },
  { title: "STATE", cell: stateText },
  {
    title: "COMMITTED",
    isNumber: true,
    cell: (rollout) => `${sumOf(rollout, "committed")}/${totalOf(rollout)}`,
  },
  { title: "FAILED", isNumber: true, cell: (rollout) => String(sumOf(rollout, "failed")) },
  { title: "CHANGED", cell: (rollout) => timeText(rollout.changedAtMs) },
];

const TARGET_COLUMNS: readonly TableColumn<TargetBody>[] = [
  { title: "DEVICE", cell: (target) => target.deviceId },
  { title: "WAVE", isNumber: true, cell: (target) => String(target.wave + 1) },
  { title: "STATE", cell: (target) => target.state },
  { title: "ATTEMPT", isNumber: true, cell: (target) => String(target.attempt) },
  { title: "CHANGED", cell: (target) => timeText(target.changedAtMs) },
  { title: "WHY", cell: ({ code, message }) => [code, message].filter((part) => part !== null).join(": ") },
];

const HISTORY_COLUMNS: readonly TableColumn<HistoryBody>[] = [
  { title: "AT", cell: (entry) => timeText(entry.atMs) },
  { title: "WHO", cell: (entry) => entry.actor },
  { title: "EVENT", cell: (entry) => entry.event },
  { title: "WHY", cell: (entry) => entry.reason },
];

function sumOf({ waves }: RolloutBody, group: TargetGroup): number {
  return waves.reduce((sum, wave) => sum + groupCounts(wave)[group], 0);
}

function totalOf({ waves }: RolloutBody): number {
  return waves.reduce((sum, wave) => sum + wave.numTargets, 0);
}

function rolloutText(rollout: RolloutBody, terminal: Terminal): string {
  const screen = terminal.screen();
  const colours = hasColours(terminal, screen);
  const picture = paintLines(rolloutPicture(rollout), { width: null, colours });
  const { note, priority, schedule } = rollout.config;
  const fields = formatFields([
    ["note", note === "" ? NONE : note],
    ["created", `${timeText(rollout.createdAtMs)} by ${rollout.createdBy}`],
    ["approved by", rollout.approvedBy ?? (rollout.config.needsApproval ? "nobody yet" : "not needed")],
    ["starts", schedule.startAtMs === null ? "when told" : `not before ${timeText(schedule.startAtMs)}`],
    ["goes back to", rollout.fallbackVersion === null ? NONE : `version ${rollout.fallbackVersion}`],
    ["release", String(rollout.releaseCounter ?? NONE)],
    ["priority", String(priority)],
    ["changed", timeText(rollout.changedAtMs)],
  ]);
  const plan = formatFields(planLines(rollout.config));
  return `${picture.join("\n")}\n\n${fields}\n${plan}`;
}
