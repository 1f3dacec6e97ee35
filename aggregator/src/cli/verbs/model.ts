import type { PortShape } from "@fedge/protocol";
import type { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import {
  modelList,
  versionDetail,
  versionList,
  type ModelBody,
  type VersionBody,
} from "../../http/schema/model-schema.js";
import { wholeNumber } from "../flag-values.js";
import { readAll } from "../pages.js";
import { addExport } from "./model-export.js";
import { addImport } from "./model-import.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { modelPath, versionPath, versionTarget } from "../version-argument.js";
import { addEvaluate } from "./model-evaluate.js";
import { addEvidence } from "./model-evidence.js";
import { addNames, factsText } from "./model-names.js";
import { versionFacts } from "../../http/schema/registry-schema.js";
import { NONE, bytesText, numberText, percentText, timeText } from "../text.js";

/** `fedge model list|show|import|export|alias|tag|note|card|compare|verify|retention`. */
export function addModel(program: Command, terminal: Terminal): void {
  const model = program
    .command("model")
    .description("models: versions, aliases, cards, comparisons, bundles");
  addServerFlags(model.command("list").description("every model")).action(async (flags: ServerFlags) => {
    const { models } = await clientOf(flags).get("/v1/models", modelList);
    printResult(terminal, models, () => formatTable(MODEL_COLUMNS, models));
  });
  addShow(model, terminal);
  addImport(model, terminal);
  addExport(model, terminal);
  addNames(model, terminal);
  addEvidence(model, terminal);
  addEvaluate(model, terminal);
}

function addShow(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("show").description("versions of a model, or one version and its manifest"))
    .argument("<name>", "name of the model, or a version such as digits@3 or digits@champion")
    .option("--model-version <number>", "one version", wholeNumber({ least: 1 }))
    .action(async (name: string, flags: ServerFlags & { modelVersion?: number }) => {
      const client = clientOf(flags);
      if (flags.modelVersion !== undefined || name.includes("@")) {
        const path = versionPath(await versionTarget(client, name, flags.modelVersion));
        const detail = await client.get(path, versionDetail);
        const facts = await client.get(`${path}/facts`, versionFacts);
        printResult(terminal, { ...detail, facts }, () => `${detailText(detail)}${factsText(facts)}`);
        return;
      }
      const versions = await readAll(1_000_000_000, async (page) => {
        return (await client.get(`${modelPath(name)}/versions`, versionList, page)).versions;
      });
      printResult(terminal, versions, () => formatTable(VERSION_COLUMNS, versions));
    });
}

const MODEL_COLUMNS: readonly TableColumn<ModelBody>[] = [
  { title: "MODEL", cell: (model) => model.model },
  { title: "LATEST", isNumber: true, cell: (model) => String(model.latestVersion) },
  { title: "RELEASED", isNumber: true, cell: (model) => String(model.releasedVersion ?? NONE) },
  { title: "PARAMETERS", isNumber: true, cell: (model) => model.numParameters.toLocaleString("en") },
  { title: "LOSS", cell: (model) => model.loss ?? NONE },
];

const VERSION_COLUMNS: readonly TableColumn<VersionBody>[] = [
  { title: "VERSION", isNumber: true, cell: (version) => String(version.version) },
  { title: "PARENT", isNumber: true, cell: (version) => String(version.parentVersion ?? NONE) },
  {
    title: "ACCURACY",
    isNumber: true,
    cell: (version) => percentText(version.evaluations.at(-1)?.accuracy ?? null),
  },
  { title: "LOSS", isNumber: true, cell: (version) => numberText(version.evaluations.at(-1)?.loss ?? null) },
  { title: "UPDATES", isNumber: true, cell: (version) => String(version.numUpdates) },
  { title: "EXAMPLES", isNumber: true, cell: (version) => String(version.numExamples) },
  { title: "SERVING", isNumber: true, cell: (version) => String(version.numServing) },
  { title: "RELEASED", cell: (version) => (version.released ? "yes" : "no") },
  { title: "CREATED", cell: (version) => timeText(version.createdAtMs) },
];

/** A version, and what its manifest says that devices are told. */
function detailText({ version, manifest }: z.infer<typeof versionDetail>): string {
  const parameters = manifest.parameters.map(({ name, shape, elementType }): ParameterRow => ({
    name,
    shape,
    elementType,
  }));
  const ports = formatFields([
    ["inputs", manifest.inputs.map(portText).join("; ")],
    ["outputs", manifest.outputs.map(portText).join("; ")],
    ["loss", manifest.loss ?? NONE],
    ["target", manifest.target === undefined ? NONE : portText(manifest.target)],
    ["engines", manifest.graphs.layers === undefined ? "onnx" : "onnx, tfjs"],
    ["explanations", manifest.graphs.attribution === undefined ? NONE : "gradient times input"],
  ]);
  return [versionText(version), ports, formatTable(PARAMETER_COLUMNS, parameters)].join("");
}

function portText({ name, elementType, shape }: PortShape): string {
  return `${name} ${elementType} [${shape.map((size) => size ?? "?").join(", ")}]`;
}

interface ParameterRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elementType: string;
}

const PARAMETER_COLUMNS: readonly TableColumn<ParameterRow>[] = [
  { title: "PARAMETER", cell: ({ name }) => name },
  { title: "SHAPE", cell: ({ shape }) => `[${shape.join(", ")}]` },
  { title: "TYPE", cell: ({ elementType }) => elementType },
];

function signatureText(signer: string | null): string {
  return signer === null ? "not signed" : `signed by ${signer}`;
}

/** Who was asked, and from when to when what came of it was counted. */
function cohortText({ roundId, provenance: { cohortSize, dataWindow } }: VersionBody): string {
  if (roundId === null) return NONE;
  const when =
    dataWindow === null ? "" : `, ${timeText(dataWindow.firstMs)} to ${timeText(dataWindow.lastMs)}`;
  return `${cohortSize} devices${when}`;
}

function privacyText(spent: VersionBody["provenance"]["privacySpent"]): string {
  return spent === null ? "none counted" : `epsilon ${spent.epsilon}, delta ${spent.delta}`;
}

function versionText(version: VersionBody): string {
  const evaluations = version.evaluations.map(
    ({ dataSet, numExamples, accuracy, loss }) =>
      [
        `on ${dataSet}`,
        `accuracy ${percentText(accuracy)}, loss ${numberText(loss)} (${numExamples} examples)`,
      ] as const,
  );
  return formatFields([
    ["model", `${version.model} version ${version.version}`],
    ["parent", String(version.parentVersion ?? NONE)],
    [
      "from",
      version.roundId === null ? "import" : `round ${version.roundId} of task ${version.taskId ?? NONE}`,
    ],
    ["trained on", `${version.numExamples} examples in ${version.numUpdates} updates`],
    ["cohort", cohortText(version)],
    ["privacy spent", privacyText(version.provenance.privacySpent)],
    ["serving", `${version.numServing} devices${version.released ? ", released" : ""}`],
    ["checkpoint", `${version.checkpoint.sha256} (${bytesText(version.checkpoint.sizeBytes)})`],
    ["manifest", version.manifest.sha256],
    ["created", timeText(version.createdAtMs)],
    ["made by", `Fedge ${version.provenance.codeVersion}, ${signatureText(version.provenance.signer)}`],
    ...(version.deletedAtMs === null ? [] : [["deleted", timeText(version.deletedAtMs)] as const]),
    ...evaluations,
  ]);
}
