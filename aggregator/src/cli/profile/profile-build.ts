import { basename } from "node:path";
import { FedgeError, decodeWith, modelName, type ModelName } from "@fedge/protocol";
import { Option, type Command } from "commander";
import { DEFAULT_WINDOW, buildProfile, type BuiltProfile } from "../../drift/profiles/build-profile.js";
import { draftFeatures } from "../../drift/profiles/feature-drafts.js";
import { decimal, wholeNumber } from "../flag-values.js";
import { addServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { findModelIfAny, type FoundModel, type ModelFlags } from "./model-source.js";
import { batchSizeOf, openModel } from "../../drift/profiles/onnx-model.js";
import { openData, type OpenedData } from "./open-data.js";
import { writeProfile } from "./profile-file.js";
import { modelOptions, windowOptions } from "./profile-options.js";
import { profileText } from "./profile-text.js";

interface BuildFlags extends ModelFlags {
  readonly data: string;
  readonly labels?: string;
  readonly label?: string;
  readonly fields: readonly string[];
  readonly leaveOut: readonly string[];
  readonly separator: string;
  readonly divideBy: number;
  readonly unknownToken?: number;
  readonly window: number;
  readonly maxRows: number;
  readonly seed: string;
  readonly joint: boolean;
  readonly out: string;
}

/** Rows at once where there is no model to say it. */
const BATCH_SIZE = 256;

/** `fedge profile build`. */
export function addProfileBuild(parent: Command, terminal: Terminal): void {
  const command = addServerFlags(
    parent
      .command("build")
      .description("what a model's inputs and predictions look like, from training data"),
  );
  for (const option of [
    ...modelOptions("the version to run on the data"),
    ...dataOptions(),
    ...windowOptions(),
  ])
    command.addOption(option);
  command.action((flags: BuildFlags) => build(flags, terminal));
}

function dataOptions(): Option[] {
  const token = wholeNumber({ least: 0 });
  return [
    new Option(
      "--data <file>",
      "training data: .csv with column names, .jsonl, or .idx",
    ).makeOptionMandatory(),
    new Option("--labels <file>", "labels of an .idx file"),
    new Option("--label <column>", "column of the label (default: the model's target, or label)"),
    new Option(
      "--fields <columns...>",
      "columns that the app notes with log, and that are no inputs",
    ).default([], "those that are left"),
    new Option("--leave-out <columns...>", "columns that are neither").default([], "none"),
    new Option("--separator <character>", "of .csv").argParser(separator).default(","),
    new Option("--divide-by <number>", "what the bytes of .idx are divided by")
      .argParser(decimal({ above: 0 }))
      .default(255),
    new Option("--unknown-token <token>", "token of unknown words, whose share is monitored").argParser(
      token,
    ),
    new Option("--seed <text>", "of the sample that quantiles of large data are taken from").default(
      "profile",
    ),
    new Option("--no-joint", "compare every feature by itself alone, not how they go together"),
    new Option("--out <file>", "where the profile is written").default("profile.json"),
  ];
}

async function build(flags: BuildFlags, terminal: Terminal): Promise<void> {
  const found = await findModelIfAny(flags);
  const model = found instanceof FedgeError ? null : found;
  if (found instanceof FedgeError)
    terminal.err(`fedge: ${found.message}. Columns become fields, and predictions have no reference.\n`);
  const name = nameOf(model?.name ?? flags.model);
  const opened = await openData(model?.shape ?? null, {
    ...flags,
    divisor: flags.divideBy,
    batchSize: model === null ? BATCH_SIZE : batchSizeOf(model.shape),
  });
  const built = await builtOf(flags, { name, model, opened });
  await writeProfile(flags.out, built.profile);
  printResult(terminal, resultOf(flags, built), () => builtText(flags, built));
}

async function builtOf(
  flags: BuildFlags,
  { name, model, opened }: { name: ModelName; model: FoundModel | null; opened: OpenedData },
): Promise<BuiltProfile> {
  const shape = model?.shape ?? null;
  const drafts = draftFeatures(shape, {
    ...{ fields: opened.fields, columns: opened.columns },
    ...{ hasLabel: opened.hasLabel, hasOutputs: shape !== null },
    ...(flags.unknownToken === undefined ? {} : { unknownToken: flags.unknownToken }),
  });
  const by = model === null ? "fields alone" : `run with ${versionText(model)}`;
  return buildProfile({
    ...{ model: name, shape, drafts, data: opened.data, seed: flags.seed },
    withJoint: flags.joint,
    predict: model === null ? null : await openModel(model.onnx, model.shape),
    origin: `${basename(flags.data).slice(0, 120)}, ${by}`,
    window: { ...DEFAULT_WINDOW, lengthMs: flags.window, maxRows: flags.maxRows },
  });
}

function versionText({ name, target }: FoundModel): string {
  return target === null ? "the model's file" : `${name}@${target.version}`;
}

function resultOf({ out }: BuildFlags, { profile, skipped, isExact }: BuiltProfile): object {
  const { model, numRows, features, layoutSha256, origin } = profile;
  const listed = features.map(({ name, kind, role, privacy, counts }) => ({
    name,
    kind,
    role,
    privacy,
    counts,
  }));
  return { file: out, model, numRows, isExact, origin, layoutSha256, features: listed, skipped };
}

function builtText({ out }: BuildFlags, { profile, skipped, isExact }: BuiltProfile): string {
  const left = skipped.map(({ name, reason }) => `left out "${name}": ${reason}`);
  const sample = isExact ? [] : ["bins are cut from a uniform sample of the rows; all rows are counted"];
  const next = `written to ${out}; look through it, then \`fedge profile review ${out} --by NAME\``;
  return [profileText(profile).trimEnd(), ...left, ...sample, next].join("\n");
}

function nameOf(text: string): ModelName {
  return decodeWith(modelName, text, { what: "model name", code: "OPTION_INVALID" });
}

function separator(text: string): string {
  const character = text === "\\t" || text === "tab" ? "\t" : text;
  if (character.length === 1 && !'"\r\n'.includes(character)) return character;
  throw new FedgeError("OPTION_INVALID", `--separator takes one character or tab, not "${text}"`);
}
