import { FedgeError } from "@fedge/protocol";
import { Option, type Command } from "commander";
import { RISK_CLASSES } from "../../registry/registry-store.js";
import {
  cardView,
  comparisonList,
  retentionReport,
  verification,
  versionFacts,
  type ComparisonBody,
  type RetentionReportBody,
  type VerificationBody,
} from "../../http/schema/registry-schema.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { numberText, percentText } from "../text.js";
import { VERSION_ARGUMENT, modelPath, versionPath, versionTarget } from "../version-argument.js";

/** `fedge model card|compare|verify|retention`. */
export function addEvidence(model: Command, terminal: Terminal): void {
  addCard(model, terminal);
  addCompare(model, terminal);
  addVerify(model, terminal);
  addRetention(model, terminal);
}

interface CardFlags extends ServerFlags {
  readonly format: "md" | "json";
  readonly purpose?: string;
  readonly risk?: string;
  readonly why: string;
}

function addCard(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("card").description("a version's model card, and what a person says in it"))
    .argument("<version>", VERSION_ARGUMENT)
    .addOption(new Option("--format <format>", "of the card").choices(["md", "json"]).default("md"))
    .option("--purpose <text>", "say what the model is for")
    .addOption(new Option("--risk <class>", "set the risk class").choices(RISK_CLASSES))
    .option("--why <text>", "reason of the risk class", "")
    .action(async (name: string, flags: CardFlags) => {
      const client = clientOf(flags);
      const path = versionPath(await versionTarget(client, name));
      if (flags.purpose !== undefined)
        await client.post(`${path}/purpose`, versionFacts, { text: flags.purpose });
      const risk = { riskClass: flags.risk, text: flags.why };
      if (flags.risk !== undefined) await client.post(`${path}/risk`, versionFacts, risk);
      const view = await client.get(`${path}/card`, cardView);
      const isMarkdown = flags.format === "md";
      printResult(terminal, view, () => (isMarkdown ? view.markdown : JSON.stringify(view.card, null, 2)));
    });
}

function addCompare(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("compare").description("two versions on the same data, with the uncertainty"))
    .argument("<a>", "version to compare with, such as digits@champion")
    .argument("<b>", "version that the verdict speaks of, such as digits@candidate")
    .option("--data-set <name>", "every data set that both were evaluated on, unless given")
    .action(async (a: string, b: string, flags: ServerFlags & { dataSet?: string }) => {
      const client = clientOf(flags);
      const [one, other] = [await versionTarget(client, a), await versionTarget(client, b)];
      if (one.model !== other.model)
        throw new FedgeError(
          "OPTION_INVALID",
          `${a} and ${b} are versions of different models; compare those of one`,
        );
      const query = { a: one.version, b: other.version, dataSet: flags.dataSet };
      const { comparisons } = await client.get(`${modelPath(one.model)}/compare`, comparisonList, query);
      const title = `${one.model}@${other.version} against ${one.model}@${one.version}`;
      printResult(terminal, comparisons, () =>
        comparisons.map((found) => comparisonText(title, found)).join("\n"),
      );
    });
}

function comparisonText(title: string, { accuracy, loss, ...found }: ComparisonBody): string {
  const segment = found.segment === "" ? "" : ` (${found.segment})`;
  const metric = (
    { difference, low, high, pValue, a, b }: NonNullable<ComparisonBody["loss"]>,
    text: (value: number) => string,
  ): string =>
    `${text(a)} -> ${text(b)}, difference ${text(difference)}, 95 % interval ${text(low)} to ${text(high)}, ` +
    `p ${pValue < 1e-300 ? "< 1e-300" : `= ${pValue.toPrecision(3)}`}`;
  return formatFields([
    ["verdict", `${title}: ${found.verdict}`],
    ["because", found.reason],
    ["on", `${found.dataSet || "-"}${segment}, ${found.numExamples} examples`],
    ...(accuracy === null ? [] : [["accuracy", metric(accuracy, percentText)] as const]),
    ...(loss === null ? [] : [["loss", metric(loss, numberText)] as const]),
  ]);
}

function addVerify(model: Command, terminal: Terminal): void {
  addServerFlags(
    model.command("verify").description("make a version again from its journal and compare every byte"),
  )
    .argument("<version>", VERSION_ARGUMENT)
    .action(async (name: string, flags: ServerFlags) => {
      const client = clientOf(flags);
      const path = versionPath(await versionTarget(client, name));
      const result = await client.post(`${path}/verify`, verification);
      printResult(terminal, result, () => verificationText(result));
    });
}

const CHECK_COLUMNS: readonly TableColumn<VerificationBody["checks"][number]>[] = [
  { title: "CHECKED", cell: ({ what }) => what },
  { title: "SAME", cell: ({ isSame }) => (isSame ? "yes" : "NO") },
  { title: "RECORDED", cell: ({ expected }) => expected },
];

function verificationText({ model, version, kind, checks }: VerificationBody): string {
  const found =
    kind === "reproduced"
      ? "was made again from its round's journal, with the same bytes"
      : "is an import: its hashes are right, and there is no aggregation to make again";
  return `${formatTable(CHECK_COLUMNS, checks)}\n${model}@${version} ${found}\n`;
}

function addRetention(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("retention").description("the retention policy, and what it would delete now"))
    .option("--run", "delete it now; records and cards stay", false)
    .action(async (flags: ServerFlags & { run: boolean }) => {
      const client = clientOf(flags);
      const report = await (flags.run
        ? client.post("/v1/retention", retentionReport)
        : client.get("/v1/retention", retentionReport));
      printResult(terminal, report, () => retentionText(report));
    });
}

function retentionText({ policy, deleted, held, isDone, ...counts }: RetentionReportBody): string {
  const names = (versions: readonly { model: string; version: number }[]): string =>
    versions.map(({ model, version }) => `${model}@${version}`).join(", ") || "none";
  return formatFields([
    ["keeps", `the newest ${policy.keepNewest}, and those younger than ${policy.keepDays} days`],
    ["keeps too", "versions with an alias, the released one, and those that devices serve"],
    ["keeps sums", `of the newest ${policy.keepSums} and of versions with an alias`],
    [isDone ? "deleted" : "would delete", names(deleted)],
    [
      "in use",
      held.map(({ heldBy, ...version }) => `${names([version])} (${heldBy.join(", ")})`).join("; ") || "none",
    ],
    ["sums", `${counts.numSumsForgotten} let go`],
    ["blobs", isDone ? `${counts.numBlobsDeleted} deleted` : "-"],
  ]);
}
