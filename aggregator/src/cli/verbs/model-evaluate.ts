import { setTimeout as sleep } from "node:timers/promises";
import { FedgeError } from "@fedge/protocol";
import type { Command } from "commander";
import {
  evaluationRunList,
  evaluationRunView,
  type EvaluationBody,
  type EvaluationRunBody,
} from "../../http/schema/evaluation-schema.js";
import { evaluation } from "../../http/schema/model-schema.js";
import { duration, wholeNumber, writtenFlags } from "../flag-values.js";
import type { ServerClient } from "../server-client.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { numberText, percentText } from "../text.js";
import { VERSION_ARGUMENT, modelPath, versionPath, versionTarget } from "../version-argument.js";

/** `fedge model evaluate|evaluations`. */
export function addEvaluate(model: Command, terminal: Terminal): void {
  addStart(model, terminal);
  addList(model, terminal);
}

interface EvaluateFlags extends ServerFlags {
  readonly against?: string;
  readonly devices?: number;
  readonly minDevices?: number;
  readonly filter?: string;
  readonly segment: readonly string[];
  readonly examples?: number;
  readonly deadline?: number;
  readonly wait: boolean;
  readonly heldOut: boolean;
}

const POLL_MS = 500;
const OF_DEVICES: ReadonlySet<string> = new Set([
  ...["--against", "--devices", "--min-devices", "--filter", "--segment", "--examples", "--deadline"],
  "--no-wait",
]);
const whole = wholeNumber({ least: 1 });
const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function addStart(model: Command, terminal: Terminal): void {
  const command = model
    .command("evaluate")
    .description("measure a version on devices, on their own examples");
  addServerFlags(command)
    .argument("<version>", VERSION_ARGUMENT)
    .option("--against <version>", "compare with this version, on the same examples")
    .option("--devices <number>", "devices that are asked at a time (default: 20)", whole)
    .option("--min-devices <number>", "show nothing of fewer, at least 3 (default: 5)", whole)
    .option("--filter <filter>", "ask only devices that match")
    .option("--segment <filter>", "show devices that match by themselves; may be repeated", collect, [])
    .option("--examples <number>", "most examples of one device (default: 1000)", whole)
    .option("--deadline <duration>", "devices must have answered by then (default: 5m)", duration)
    .option("--no-wait", "end when the devices are asked")
    .option("--held-out", "measure it on the aggregator's own data instead, as they are now", false)
    .action(async (name: string, flags: EvaluateFlags) => {
      const client = clientOf(flags);
      if (flags.heldOut) return measure(terminal, client, { name, command });
      const target = await versionTarget(client, name);
      const body = await bodyOf(client, target, flags);
      const started = await client.post(`${modelPath(target.model)}/evaluations`, evaluationRunView, body);
      const run = flags.wait ? await ended(client, started) : started;
      printResult(terminal, run, () => runText(run));
      requireResult(run);
    });
}

/** What devices would be asked has no meaning there. */
async function measure(
  terminal: Terminal,
  client: ServerClient,
  { name, command }: { readonly name: string; readonly command: Command },
): Promise<void> {
  const given = writtenFlags(command).find((flag) => OF_DEVICES.has(flag));
  if (given !== undefined)
    throw new FedgeError(
      "OPTION_INVALID",
      `--held-out asks no device: leave out what is for devices (${given})`,
    );
  const target = await versionTarget(client, name);
  const measured = await client.post(`${versionPath(target)}/measure`, evaluation, {});
  printResult(terminal, measured, () =>
    formatFields([
      [
        "measured",
        `${target.model}@${target.version} on ${measured.dataSet}, ${measured.numExamples} examples`,
      ],
      ["accuracy", percentText(measured.accuracy)],
      ["loss", numberText(measured.loss)],
    ]),
  );
}

async function bodyOf(
  client: ServerClient,
  { model, version }: { readonly model: string; readonly version: number },
  flags: EvaluateFlags,
): Promise<EvaluationBody> {
  const against = flags.against === undefined ? null : await versionTarget(client, flags.against);
  if (against !== null && against.model !== model)
    throw new FedgeError("OPTION_INVALID", `${flags.against} is of another model; compare versions of one`);
  const {
    devices: numDevices,
    minDevices,
    filter,
    segment,
    examples: maxExamples,
    deadline: deadlineMs,
  } = flags;
  return {
    ...{ version, against: against?.version ?? null, segments: [...segment] },
    ...(numDevices === undefined ? {} : { numDevices }),
    ...(minDevices === undefined ? {} : { minDevices }),
    ...(filter === undefined ? {} : { filter }),
    ...(maxExamples === undefined ? {} : { maxExamples }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
}

/** The server ends every run at its deadline. */
async function ended(client: ServerClient, started: EvaluationRunBody): Promise<EvaluationRunBody> {
  let run = started;
  while (run.state === "running") {
    await sleep(POLL_MS);
    run = await client.get(`/v1/evaluations/${run.runId}`, evaluationRunView);
  }
  return run;
}

function requireResult({ state, result, reason, runId }: EvaluationRunBody): void {
  if (state === "running" || result !== null) return;
  throw new FedgeError(
    "EVALUATION_TOO_FEW_DEVICES",
    `evaluation ${runId} gave no result: ${reason ?? state}`,
  );
}

function runText(run: EvaluationRunBody): string {
  const { numAsked, numAnswered, numLost, declined, request } = run;
  const names = Object.entries(declined).map(([reason, count]) => `${count} ${reason}`);
  const others = [...names, ...(numLost > 0 ? [`${numLost} lost`] : [])].join(", ") || "none";
  return formatFields([
    ["evaluation", `${run.runId}, ${run.state}`],
    [
      "of",
      `${request.model}@${request.version}${request.against === null ? "" : ` against ${request.model}@${request.against}`}`,
    ],
    ["devices", `${numAnswered} of ${numAsked} answered; others: ${others}`],
    ...resultFields("", run.result),
    ...run.segments.flatMap(({ segment, result }) => resultFields(segment, result)),
  ]);
}

function resultFields(segment: string, result: EvaluationRunBody["result"]): (readonly [string, string])[] {
  const place = segment === "" ? "" : ` (${segment})`;
  if (result === null) return segment === "" ? [] : [[`result${place}`, "too few devices"]];
  const { loss, numDevices, numExamples } = result;
  const of = (version: (typeof result.versions)[number]): string =>
    `@${version.version}: loss ${version.loss === null ? "-" : numberText(version.loss)}, accuracy ${percentText(version.accuracy)}`;
  const interval =
    loss === null
      ? ""
      : `; ${numberText(loss.difference)}, 95 % ${numberText(loss.low)} to ${numberText(loss.high)}`;
  return [
    [`measured${place}`, result.versions.map(of).join("; ")],
    [`verdict${place}`, `${result.verdict}: ${result.reason}${interval}`],
    [`on${place}`, `${numDevices} devices, ${numExamples} examples`],
  ];
}

const COLUMNS: readonly TableColumn<EvaluationRunBody>[] = [
  { title: "EVALUATION", cell: ({ runId }) => runId },
  { title: "VERSION", isNumber: true, cell: ({ request }) => String(request.version) },
  { title: "AGAINST", isNumber: true, cell: ({ request }) => String(request.against ?? "-") },
  { title: "ANSWERED", isNumber: true, cell: ({ numAnswered, numAsked }) => `${numAnswered}/${numAsked}` },
  { title: "VERDICT", cell: ({ state, result, reason }) => result?.verdict ?? reason ?? state },
];

function addList(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("evaluations").description("evaluations of a model on devices, newest first"))
    .argument("<model>", "name of the model")
    .action(async (name: string, flags: ServerFlags) => {
      const { runs } = await clientOf(flags).get(`${modelPath(name)}/evaluations`, evaluationRunList);
      printResult(terminal, runs, () => formatTable(COLUMNS, runs));
    });
}
