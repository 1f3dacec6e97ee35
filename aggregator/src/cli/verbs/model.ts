import { readFile, stat } from "node:fs/promises";
import { FedgeError, MAX_BLOB_BYTES } from "@fedge/protocol";
import { Option, type Command } from "commander";
import {
  modelList,
  versionDetail,
  versionList,
  versionView,
  type ModelBody,
  type VersionBody,
} from "../../http/schema/model-schema.js";
import { decimal, wholeNumber } from "../flag-values.js";
import { readAll } from "../pages.js";
import { addExport } from "./model-export.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, bytesText, numberText, percentText, timeText } from "../text.js";

const LOSSES = ["softmax-cross-entropy", "mean-squared-error", "binary-cross-entropy"] as const;
const modelPath = (model: string): string => `/v1/models/${encodeURIComponent(model)}/versions`;

/** `fedge model list|show|import|export`. */
export function addModel(program: Command, terminal: Terminal): void {
  const model = program.command("model").description("list, show, import and export models");
  addServerFlags(model.command("list").description("every model")).action(async (flags: ServerFlags) => {
    const { models } = await clientOf(flags).get("/v1/models", modelList);
    printResult(terminal, models, () => formatTable(MODEL_COLUMNS, models));
  });
  addShow(model, terminal);
  addImport(model, terminal);
  addExport(model, terminal);
}

function addShow(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("show").description("versions of a model, or one version and its manifest"))
    .argument("<name>", "name of the model")
    .option("--model-version <number>", "one version", wholeNumber({ least: 1 }))
    .action(async (name: string, flags: ServerFlags & { modelVersion?: number }) => {
      const client = clientOf(flags);
      if (flags.modelVersion !== undefined) {
        const detail = await client.get(`${modelPath(name)}/${flags.modelVersion}`, versionDetail);
        printResult(terminal, detail, () => versionText(detail.version));
        return;
      }
      const versions = await readAll(1_000_000_000, async (page) => {
        return (await client.get(modelPath(name), versionList, page)).versions;
      });
      printResult(terminal, versions, () => formatTable(VERSION_COLUMNS, versions));
    });
}

interface ImportFlags extends ServerFlags {
  readonly name: string;
  readonly loss: string;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  readonly proximal: boolean;
  readonly trainable: readonly string[];
}

function addImport(model: Command, terminal: Terminal): void {
  addServerFlags(model.command("import").description("make a version out of an ONNX file"))
    .argument("<file>", "ONNX model whose output is what the loss takes")
    .requiredOption("--name <model>", "name of the model")
    .addOption(new Option("--loss <loss>", "what training minimises").choices(LOSSES).default(LOSSES[0]))
    .option("--momentum <fraction>", "momentum of the devices' SGD", decimal({ least: 0, most: 0.9999 }), 0)
    .option(
      "--weight-decay <rate>",
      "L2 weight decay of the devices' SGD",
      decimal({ least: 0, most: 1000 }),
      0,
    )
    .option("--nesterov", "Nesterov's momentum", false)
    .option("--no-proximal", "leave the FedProx term out of the train graph")
    .option("--trainable <names...>", "parameters to train (default: every parameter)", [])
    .action(async (file: string, flags: ImportFlags) => {
      const { name, loss, momentum, weightDecay } = flags;
      const version = await clientOf(flags).upload("/v1/models", versionView, {
        query: {
          model: name,
          loss,
          momentum,
          weightDecay,
          nesterov: String(flags.nesterov),
          proximal: String(flags.proximal),
          trainable: flags.trainable.join(","),
        },
        bytes: await readModelFile(file),
      });
      printResult(terminal, version, () => `imported ${version.model} version ${version.version}`);
    });
}

/** The file's bytes; its size is checked before they are read. */
async function readModelFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BLOB_BYTES) {
      throw new FedgeError(
        "MESSAGE_TOO_LARGE",
        `${path} has ${size} bytes; a model has at most ${MAX_BLOB_BYTES}`,
      );
    }
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (cause instanceof FedgeError) throw cause;
    throw new FedgeError(
      "DATA_MISSING",
      `cannot read ${path} (${(cause as Error).message}); check the path`,
      { cause },
    );
  }
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
    ["serving", `${version.numServing} devices${version.released ? ", released" : ""}`],
    ["checkpoint", `${version.checkpoint.sha256} (${bytesText(version.checkpoint.sizeBytes)})`],
    ["manifest", version.manifest.sha256],
    ["created", timeText(version.createdAtMs)],
    ...evaluations,
  ]);
}
