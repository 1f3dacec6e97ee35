import { buildTrainingGraphs, describeModel, LOSS_KINDS, OPTIMIZER_KINDS } from "@fedge/onnx-autodiff";
import { FedgeError, type ModelName } from "@fedge/protocol";
import { Option, type Command } from "commander";
import { importRequest } from "../../http/import-request.js";
import { importQuery, importReport } from "../../http/schema/model-schema.js";
import { createModelPreparer } from "../../model-check/prepare-in-process.js";
import { requireFits, requireReady } from "../../registry/profiles/profile-package.js";
import { decimal, wholeNumber, writtenFlags } from "../flag-values.js";
import { modelOfFile } from "../../drift/profiles/onnx-model.js";
import { packageBytes } from "../profile/profile-commands.js";
import { readProfile } from "../profile/profile-file.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { describeImport, importText, type ImportSummary } from "./import-text.js";
import { importBundleFile, isBundle } from "./model-bundle.js";
import { modelNameOf, readModel } from "./model-file.js";

interface ImportFlags extends ServerFlags {
  readonly name?: string;
  readonly loss: string;
  readonly target?: string;
  readonly classWeights?: string;
  readonly ignoreIndex?: number;
  readonly delta?: number;
  readonly optimizer: string;
  readonly momentum?: number;
  readonly nesterov: boolean;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay: number;
  readonly clipNorm?: number;
  readonly proximal: boolean;
  readonly trainable: readonly string[];
  readonly dryRun: boolean;
  readonly purpose: string;
  readonly profile?: string;
}

const fraction = decimal({ least: 0, most: 0.999_999 });
const positive = decimal({ least: 1e-12, most: 1e12 });

const OPTIONS: readonly Option[] = [
  new Option("--name <model>", "name of the model (default: that of the file)"),
  new Option("--loss <loss>", "what training minimises").choices(LOSS_KINDS).default(LOSS_KINDS[0]),
  new Option("--target <format>", "of softmax-cross-entropy").choices(["class-index", "one-hot"]),
  new Option("--class-weights <numbers>", "of softmax-cross-entropy, a number for each class: 1,0.5,2"),
  new Option("--ignore-index <class>", "class index whose examples count for nothing").argParser(
    wholeNumber({ least: -1_000_000 }),
  ),
  new Option("--delta <distance>", "where huber turns from a square into a line").argParser(positive),
  new Option("--optimizer <kind>", "of the devices").choices(OPTIMIZER_KINDS).default("sgd"),
  new Option("--momentum <fraction>", "of sgd").argParser(fraction),
  new Option("--nesterov", "Nesterov's momentum, of sgd").default(false),
  new Option("--beta1 <fraction>", "of adam and adamw").argParser(fraction),
  new Option("--beta2 <fraction>", "of adam and adamw").argParser(fraction),
  new Option("--epsilon <number>", "of adam and adamw").argParser(positive),
  new Option("--weight-decay <rate>", "of the devices' optimizer")
    .argParser(decimal({ least: 0, most: 1000 }))
    .default(0),
  new Option("--clip-norm <norm>", "largest norm of all gradients of a step").argParser(positive),
  new Option("--no-proximal", "leave the FedProx term out of the train graph"),
  new Option("--trainable <patterns...>", "names of parameters to train, * stands for anything").default(
    [],
    "every parameter, or those that a model.json does not freeze",
  ),
  new Option("--purpose <text>", "what the model is for, for its card").default("", "nothing"),
  new Option(
    "--profile <file>",
    "reference profile of `fedge profile build`, reviewed: devices then monitor",
  ),
  new Option("--dry-run", "describe and check the model without a server").default(false),
];

/** `fedge model import`. */
export function addImport(model: Command, terminal: Terminal): void {
  const command = addServerFlags(model.command("import").description("make a version out of a model file"));
  command.argument(
    "<file>",
    "ONNX model or model.json of TensorFlow.js layers, whose output the loss takes; or a bundle (.tar)",
  );
  for (const option of OPTIONS) command.addOption(option);
  command.action(async (file: string, flags: ImportFlags) => {
    if (isBundle(file)) {
      requireBundleFlags(command);
      return importBundleFile(terminal, file, flags);
    }
    const { onnx: bytes, trainable } = await readModel(file);
    const given = flags.trainable.length === 0 ? { ...flags, trainable } : flags;
    const query = queryOf(given, flags.name ?? modelNameOf(file));
    const summary = describeFile(bytes, query);
    const body = flags.profile === undefined ? bytes : await withProfile(bytes, query, flags.profile);
    const result = flags.dryRun
      ? await checkHere(bytes, query, summary)
      : await send(flags, body, { query, summary });
    printResult(terminal, result, () => importText(result));
  });
}

/** What the model is, a bundle says itself. */
function requireBundleFlags(command: Command): void {
  const ofModel = OPTIONS.map(({ long }) => long);
  const names = writtenFlags(command).filter((flag) => ofModel.includes(flag));
  if (names.includes("--profile"))
    throw new FedgeError(
      "OPTION_INVALID",
      "a bundle brings its own profile; import it, then `fedge profile attach` another one",
    );
  const strange = names.find((name) => name !== "--dry-run");
  if (strange === undefined) return;
  const remedy = `leave ${strange} out, or import the ONNX model that \`fedge model export\` writes`;
  throw new FedgeError("OPTION_INVALID", `a bundle brings its own name, loss and optimizer; ${remedy}`);
}

type Query = Readonly<Record<string, string>>;

/** Differentiated here as well, so that a model that cannot be trained is refused before it is sent. */
function describeFile(bytes: Uint8Array, query: Query): ImportSummary {
  const { training } = importRequest(importQuery.parse(query), { onnx: bytes });
  return describeImport(describeModel(bytes), buildTrainingGraphs(bytes, training));
}

/** Refused here already when the profile is not ready, is of another model, or cannot be computed of this one. */
async function withProfile(
  onnx: Uint8Array,
  { model, loss }: Query,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const profile = await readProfile(path);
  requireReady(profile);
  const shape = modelOfFile(onnx, loss ?? "");
  requireFits({ profile, golden: null }, shape, model as ModelName);
  return packageBytes(profile, { shape, onnx, isImport: true });
}

async function checkHere(bytes: Uint8Array, query: Query, summary: ImportSummary): Promise<ImportSummary> {
  const { training } = importRequest(importQuery.parse(query), { onnx: bytes });
  const { attribution, check } = await createModelPreparer()({ onnx: bytes, training });
  return { ...summary, check, unexplained: "obstacle" in attribution ? attribution.obstacle : null };
}

async function send(
  flags: ServerFlags,
  bytes: Uint8Array<ArrayBuffer>,
  { query, summary }: { readonly query: Query; readonly summary: ImportSummary },
): Promise<ImportSummary> {
  const report = await clientOf(flags).upload("/v1/models", importReport, { query, bytes });
  return { ...summary, ...report };
}

function queryOf(flags: ImportFlags, model: string): Query {
  const { loss, target, classWeights, ignoreIndex, delta, optimizer, momentum, beta1, beta2 } = flags;
  const { epsilon, weightDecay, clipNorm } = flags;
  const given = { loss, target, classWeights, ignoreIndex, delta, optimizer, momentum, beta1, beta2 };
  const fields = { model, purpose: flags.purpose, ...given, epsilon, weightDecay, clipNorm };
  const present = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return {
    ...Object.fromEntries(present),
    nesterov: String(flags.nesterov),
    proximal: String(flags.proximal),
    trainable: flags.trainable.join(","),
    body: flags.profile === undefined ? "onnx" : "profile-package",
  };
}
