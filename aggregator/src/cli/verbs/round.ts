import type { Command } from "commander";
import { roundDetail, roundList, type RoundBody } from "../../http/schema/round-schema.js";
import { taskList } from "../../http/schema/task-schema.js";
import { versionList } from "../../http/schema/model-schema.js";
import { taskView } from "../../http/schema/task-schema.js";
import { FedgeError } from "@fedge/protocol";
import { wholeNumber } from "../flag-values.js";
import { readAll } from "../pages.js";
import type { ServerClient } from "../server-client.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, bytesText, numberText, percentText, timeText } from "../text.js";

/** A round and the accuracy of the version that it made. */
type ListedRound = RoundBody & { readonly accuracy: number | null };

const ANY_NUMBER = 1_000_000_000;

/** `fedge round list|show`. */
export function addRound(program: Command, terminal: Terminal): void {
  const round = program.command("round").description("list and show the rounds of a task");
  addServerFlags(round.command("list").description("rounds of a task, oldest first"))
    .argument("[task]", "task; the one that runs, or the newest, unless given")
    .option("--limit <count>", "at most so many rounds", wholeNumber({ least: 1 }), ANY_NUMBER)
    .action(async (task: string | undefined, flags: ServerFlags & { limit: number }) => {
      const rounds = await listRounds(clientOf(flags), task, flags.limit);
      printResult(terminal, rounds, () => formatTable(COLUMNS, rounds));
    });
  addServerFlags(round.command("show").description("one round with everything that it remembers"))
    .argument("<round>", "id of the round, as `round list --json` gives it")
    .action(async (roundId: string, flags: ServerFlags) => {
      const detail = await clientOf(flags).get(`/v1/rounds/${encodeURIComponent(roundId)}`, roundDetail);
      printResult(terminal, detail, () => roundText(detail));
    });
}

async function listRounds(
  client: ServerClient,
  task: string | undefined,
  limit: number,
): Promise<ListedRound[]> {
  const taskId = task ?? (await shownTask(client));
  const path = `/v1/tasks/${encodeURIComponent(taskId)}`;
  const { config } = await client.get(path, taskView);
  const rounds = await readAll(limit, async (page) => {
    return (await client.get(`${path}/rounds`, roundList, page)).rounds;
  });
  const accuracies = await accuracyOfVersions(client, config.model);
  return rounds.map((round) => ({
    ...round,
    accuracy: round.version === null ? null : (accuracies.get(round.version) ?? null),
  }));
}

async function shownTask(client: ServerClient): Promise<string> {
  const { tasks } = await client.get("/v1/tasks", taskList);
  const task = tasks.find((candidate) => candidate.status === "running") ?? tasks[0];
  if (task !== undefined) return task.config.taskId;
  throw new FedgeError(
    "TASK_UNKNOWN",
    "there is no task yet; create one with `fedge task create --model <name>`",
  );
}

async function accuracyOfVersions(client: ServerClient, model: string): Promise<Map<number, number | null>> {
  const path = `/v1/models/${encodeURIComponent(model)}/versions`;
  const versions = await readAll(ANY_NUMBER, async (page) => {
    return (await client.get(path, versionList, page)).versions;
  });
  return new Map(versions.map(({ version, evaluations }) => [version, evaluations.at(-1)?.accuracy ?? null]));
}

const lostColumn = (title: string, reason: keyof RoundBody["lost"]): TableColumn<ListedRound> => ({
  title,
  isNumber: true,
  cell: (round) => String(round.lost[reason]),
});

const COLUMNS: readonly TableColumn<ListedRound>[] = [
  { title: "ROUND", isNumber: true, cell: (round) => String(round.number) },
  { title: "OUTCOME", cell: outcomeText },
  { title: "VERSION", isNumber: true, cell: (round) => String(round.version ?? NONE) },
  { title: "SELECTED", isNumber: true, cell: (round) => String(round.numSelected) },
  { title: "COUNTED", isNumber: true, cell: (round) => String(round.numCounted) },
  lostColumn("DROPPED", "dropped"),
  lostColumn("LATE", "late"),
  lostColumn("ABORTED", "aborted"),
  lostColumn("REFUSED", "refused"),
  lostColumn("NOT-NEEDED", "not-needed"),
  { title: "ACCURACY", isNumber: true, cell: (round) => percentText(round.accuracy) },
  { title: "UP", isNumber: true, cell: (round) => bytesText(round.bytesUp) },
  { title: "DOWN", isNumber: true, cell: (round) => bytesText(round.bytesDown) },
];

function outcomeText(round: RoundBody): string {
  return round.abandonReason === null ? round.outcome : `${round.outcome} (${round.abandonReason})`;
}

function roundText(detail: {
  readonly round: RoundBody;
  readonly events: readonly { type: string; atMs: number }[];
}) {
  const { round, events } = detail;
  const lost = Object.entries(round.lost).map(([reason, count]) => `${count} ${reason}`);
  const fields = formatFields([
    ["round", `${round.number} of task ${round.taskId}`],
    ["id", round.roundId],
    ["outcome", outcomeText(round)],
    ["version", `${round.baseVersion} -> ${round.version ?? NONE}`],
    ["devices", `${round.numSelected} selected, ${round.numCounted} counted, ${lost.join(", ")}`],
    ["examples", String(round.numExamples)],
    ["device loss", `${numberText(round.meanLossBefore)} -> ${numberText(round.meanLossAfter)}`],
    ["bytes", `${bytesText(round.bytesUp)} up, ${bytesText(round.bytesDown)} down`],
    ["opened", timeText(round.openedAtMs)],
    ["closed", timeText(round.closedAtMs)],
  ]);
  const journal = formatTable(
    [
      { title: "AT", cell: (event) => timeText(event.atMs) },
      { title: "EVENT", cell: (event) => event.type },
    ],
    events,
  );
  return `${fields}\n${journal}`;
}
