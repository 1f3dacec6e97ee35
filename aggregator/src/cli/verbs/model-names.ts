import { FedgeError } from "@fedge/protocol";
import { Option, type Command } from "commander";
import {
  aliasList,
  aliasResult,
  versionFacts,
  type AliasListBody,
  type VersionFactsBody,
} from "../../http/schema/registry-schema.js";
import { wholeNumber } from "../flag-values.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, timeText } from "../text.js";
import { VERSION_ARGUMENT, modelPath, versionPath, versionTarget } from "../version-argument.js";

interface AliasFlags extends ServerFlags {
  readonly reason?: string;
  readonly expected?: number;
  readonly remove: boolean;
}

/** `fedge model alias|tag|note`. */
export function addNames(model: Command, terminal: Terminal): void {
  addAlias(model, terminal);
  addTag(model, terminal);
  addNote(model, terminal);
}

function addAlias(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("alias").description("list a model's aliases, or move one to a version"))
    .argument("<version>", "such as digits@3; of which only the model counts to list or to remove")
    .argument("[alias]", "champion, candidate, fallback or any other lower-case name")
    .option("--reason <text>", "why; kept with the move")
    .addOption(
      new Option(
        "--expected <version>",
        "refuse the move when the alias names another version now",
      ).argParser(wholeNumber({ least: 1 })),
    )
    .option("--remove", "take the alias away", false)
    .action(async (name: string, alias: string | undefined, flags: AliasFlags) => {
      if (alias !== undefined) return moveAlias(terminal, { name, alias, flags });
      const list = await clientOf(flags).get(`${modelPath(modelOf(name))}/aliases`, aliasList);
      printResult(terminal, list, () => aliasText(list));
    });
}

function modelOf(name: string): string {
  return name.split("@", 1)[0] ?? name;
}

async function moveAlias(
  terminal: Terminal,
  { name, alias, flags }: { readonly name: string; readonly alias: string; readonly flags: AliasFlags },
): Promise<void> {
  const { reason, expected, remove } = flags;
  if (reason === undefined)
    throw new FedgeError("OPTION_INVALID", "say why with --reason; it is kept with the move");
  const client = clientOf(flags);
  const target = remove ? { model: modelOf(name), version: null } : await versionTarget(client, name);
  const path = `${modelPath(target.model)}/aliases/${encodeURIComponent(alias)}`;
  const body = { version: target.version, reason, ...(expected === undefined ? {} : { expected }) };
  const result = await client.post(path, aliasResult, body);
  printResult(terminal, result, () => {
    const { move } = result;
    if (move === null) return `${alias} of ${target.model} is version ${target.version} already`;
    return `${alias} of ${target.model}: version ${move.fromVersion ?? NONE} -> ${move.toVersion ?? NONE}`;
  });
}

function addTag(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("tag").description("add and remove tags of a version"))
    .argument("<version>", VERSION_ARGUMENT)
    .argument("[tags...]", "tags to add")
    .option("--remove <tags...>", "tags to take away", [])
    .action(async (name: string, add: string[], flags: ServerFlags & { remove: string[] }) => {
      const client = clientOf(flags);
      const path = `${versionPath(await versionTarget(client, name))}/tags`;
      const facts = await client.post(path, versionFacts, { add, remove: flags.remove });
      printResult(terminal, facts, () => factsText(facts));
    });
}

function addNote(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("note").description("add a note to a version"))
    .argument("<version>", VERSION_ARGUMENT)
    .argument("<text>", "the note; it cannot be changed later")
    .action(async (name: string, text: string, flags: ServerFlags) => {
      const client = clientOf(flags);
      const path = `${versionPath(await versionTarget(client, name))}/notes`;
      const facts = await client.post(path, versionFacts, { text });
      printResult(terminal, facts, () => factsText(facts));
    });
}

/** Aliases, tags and statements of a version. */
export function factsText({ aliases, tags, statements }: VersionFactsBody): string {
  return formatFields([
    ["aliases", aliases.join(", ") || NONE],
    ["tags", tags.join(", ") || NONE],
    ...statements.map(({ actor, atMs, statement }) => {
      const risk = statement.kind === "risk" ? `${statement.riskClass} ` : "";
      return [statement.kind, `${risk}${statement.text} (${actor}, ${timeText(atMs)})`] as const;
    }),
  ]);
}

const ALIAS_COLUMNS: readonly TableColumn<AliasListBody["aliases"][number]>[] = [
  { title: "ALIAS", cell: ({ alias }) => alias },
  { title: "VERSION", isNumber: true, cell: ({ version }) => String(version) },
  { title: "SINCE", cell: ({ movedAtMs }) => timeText(movedAtMs) },
];

const MOVE_COLUMNS: readonly TableColumn<AliasListBody["moves"][number]>[] = [
  { title: "WHEN", cell: ({ atMs }) => timeText(atMs) },
  { title: "ALIAS", cell: ({ alias }) => alias },
  { title: "FROM", isNumber: true, cell: ({ fromVersion }) => String(fromVersion ?? NONE) },
  { title: "TO", isNumber: true, cell: ({ toVersion }) => String(toVersion ?? NONE) },
  { title: "BY", cell: ({ actor }) => actor },
  { title: "REASON", cell: ({ reason }) => reason },
];

function aliasText({ aliases, moves }: AliasListBody): string {
  return `${formatTable(ALIAS_COLUMNS, aliases)}\n${formatTable(MOVE_COLUMNS, moves)}`;
}
