import { FedgeError } from "@fedge/protocol";
import { Option, type Command } from "commander";
import type { AlertRecord } from "../../drift/alerts/alert-record.js";
import { driftAlert, driftAlerts } from "../../http/schema/drift-schema.js";
import { duration, wholeNumber } from "../flag-values.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { readTaskFile } from "../task/task-of-flags.js";
import { formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, timeText } from "../text.js";

interface ListFlags extends ServerFlags {
  readonly model?: string;
  readonly all?: boolean;
  readonly limit: number;
}

/** `fedge drift alerts [list|ack|silence|false-alarm|resolve|propose]`. */
export function addDriftAlerts(drift: Command, terminal: Terminal): void {
  const alerts = drift
    .command("alerts")
    .description("alerts of drift: list, ack, silence, false-alarm, resolve");
  addServerFlags(alerts.command("list", { isDefault: true }).description("open alerts, newest first"))
    .option("--model <name>", "only of this one")
    .option("--all", "those that are over, too")
    .option("--limit <count>", "at most so many", wholeNumber({ least: 1, most: 1000 }), 100)
    .action(async ({ model, all, limit, ...flags }: ListFlags) => {
      const query = { model, limit, ...(all === true ? {} : { open: "true" }) };
      const found = await clientOf(flags).get("/v1/drift/alerts", driftAlerts, query);
      printResult(terminal, found.alerts, () =>
        found.alerts.length === 0 ? "no alerts" : formatTable(COLUMNS, found.alerts),
      );
    });
  const act = (name: string, description: string): Command =>
    addServerFlags(alerts.command(name).description(description)).argument("<alert>", "id of the alert");
  const send = async (name: string, alertId: string, given: { flags: ServerFlags; body?: object }) => {
    const path = `/v1/drift/alerts/${encodeURIComponent(alertId)}/${name}`;
    const alert = await clientOf(given.flags).post(path, driftAlert, given.body);
    printResult(
      terminal,
      alert,
      () => `alert ${alert.alertId} (${alert.evidence.text}): ${stateText(alert)}`,
    );
  };
  for (const [name, description] of SIMPLE_ACTS)
    act(name, description).action((alertId: string, flags: ServerFlags) => send(name, alertId, { flags }));
  act("silence", "tell nothing of an alert for a while")
    .addOption(silenceOption())
    .action((alertId: string, flags: ServerFlags & { readonly for: number }) =>
      send("silence", alertId, { flags, body: { forMs: flags.for } }),
    );
  act("confirm-training", "begin the training that a critical alert proposes")
    .option("--file <task.json>", "how to train (default: as the model was trained last)")
    .option("--dismiss", "dismiss it")
    .action((alertId: string, flags: DecisionFlags) =>
      send("proposal", alertId, { flags, body: decisionOf(flags) }),
    );
}

function silenceOption(): Option {
  return new Option("--for <duration>", "how long, such as 4h or 2d")
    .argParser(duration)
    .default(DAY_MS, "1d");
}

interface DecisionFlags extends ServerFlags {
  readonly file?: string;
  readonly dismiss?: boolean;
}

function decisionOf({ file, dismiss = false }: DecisionFlags): object {
  if (file === undefined) return { confirm: !dismiss };
  if (!dismiss) return { confirm: true, task: readTaskFile(file) };
  throw new FedgeError("OPTION_INVALID", "--dismiss begins no task; leave --file out");
}

const DAY_MS = 86_400_000;

const SIMPLE_ACTS = [
  ["ack", "take an alert on: it has an owner"],
  ["false-alarm", "end an alert as a false alarm; its feature's page suggests a floor"],
  ["resolve", "end an alert"],
] as const;

const COLUMNS: readonly TableColumn<AlertRecord>[] = [
  { title: "ALERT", cell: (alert) => alert.alertId },
  { title: "MODEL", cell: (alert) => `${alert.model}@${alert.version}` },
  { title: "SEVERITY", cell: ({ evidence }) => evidence.severity },
  { title: "KIND", cell: ({ evidence }) => evidence.kind },
  { title: "STATE", cell: stateText },
  { title: "OPENED", cell: (alert) => timeText(alert.openedAtMs) },
  { title: "OWNER", cell: (alert) => alert.owner ?? NONE },
  { title: "WHAT", cell: ({ evidence }) => evidence.text },
];

function stateText({ state, silencedUntilMs, falseAlarmBy, proposal, proposedIn }: AlertRecord): string {
  const parts = [
    falseAlarmBy === null ? state : "false alarm",
    ...(silencedUntilMs === null ? [] : [`silenced until ${timeText(silencedUntilMs)}`]),
    ...(proposal === null ? [] : [proposalText(proposal)]),
    ...(proposedIn === null || state === "resolved" ? [] : [`training: see alert ${proposedIn}`]),
  ];
  return parts.join(", ");
}

function proposalText({ state, taskId }: NonNullable<AlertRecord["proposal"]>): string {
  return taskId === null ? `training ${state}` : `training ${state}: task ${taskId}`;
}
