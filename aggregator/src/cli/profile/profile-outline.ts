import { FedgeError, decodeWith, modelName } from "@fedge/protocol";
import type { CategoricalFeature, ReferenceProfile } from "@fedge/protocol/profile";
import { Option, type Command } from "commander";
import { DEFAULT_WINDOW } from "../../drift/profiles/build-profile.js";
import { draftFeatures, rowWidth, type ProfiledModel } from "../../drift/profiles/feature-drafts.js";
import { outlineProfile, type Expectation } from "../../drift/profiles/outline-profile.js";
import { addServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { findModel, type ModelFlags } from "./model-source.js";
import { writeProfile } from "./profile-file.js";
import { modelOptions, windowOptions } from "./profile-options.js";
import { profileText } from "./profile-text.js";

interface OutlineFlags extends ModelFlags {
  readonly expect: readonly (readonly [string, Expectation])[];
  readonly columns: readonly string[];
  readonly fields: readonly string[];
  readonly leaveOut: readonly string[];
  readonly window: number;
  readonly maxRows: number;
  readonly out: string;
}

const OPTIONS: readonly Option[] = [
  ...modelOptions("the version whose inputs are meant"),
  new Option(
    "--expect <feature=values>",
    "what is expected: age=0..100, or place=harbour|market; for each feature",
  )
    .argParser((text: string, before: OutlineFlags["expect"]) => [...before, expectation(text)])
    .default([], "classes, shares and scores are known"),
  new Option("--columns <names...>", "names of the numbers of the only input").default(
    [],
    "x[0], x[1] and on",
  ),
  new Option("--fields <names...>", "what the app notes with log").default([], "nothing"),
  new Option("--leave-out <features...>", "features that are not monitored").default([], "none"),
  ...windowOptions(),
  new Option("--out <file>", "where the profile is written").default("profile.json"),
];

/** `fedge profile outline`: where nobody has the data in one place, the fleet counts what this expects. */
export function addProfileOutline(parent: Command, terminal: Terminal): void {
  const command = addServerFlags(
    parent
      .command("outline")
      .description("what values are expected, where there are no data: the fleet then counts its own"),
  );
  for (const option of OPTIONS) command.addOption(option);
  command.action(async (flags: OutlineFlags) => {
    const profile = await outlineOf(flags);
    await writeProfile(flags.out, profile);
    const { model, features, layoutSha256, window } = profile;
    const result = { file: flags.out, model, numFeatures: features.length, layoutSha256, window };
    printResult(terminal, result, () => outlineText(flags.out, profile));
  });
}

async function outlineOf(flags: OutlineFlags): Promise<ReferenceProfile> {
  const { name, shape } = await findModel(flags);
  const { fields, leaveOut, window, maxRows } = flags;
  const columns = columnsOf(shape, flags.columns);
  const drafts = draftFeatures(shape, { fields, columns, hasLabel: true, hasOutputs: true });
  const strangers = leaveOut.filter((left) => !drafts.some((draft) => draft.name === left));
  if (strangers.length > 0)
    throw invalid(`--leave-out: "${strangers[0]}" is no feature; see what this prints without it`);
  return outlineProfile({
    model: decodeWith(modelName, name, { what: "model name", code: "OPTION_INVALID" }),
    ...{ shape, expectations: new Map(flags.expect) },
    drafts: drafts.filter((draft) => !leaveOut.includes(draft.name)),
    window: { ...DEFAULT_WINDOW, lengthMs: window, maxRows },
  });
}

function columnsOf({ inputs }: ProfiledModel, names: readonly string[]): Record<string, readonly string[]> {
  const [input, ...others] = inputs;
  if (names.length === 0 || input === undefined) return {};
  const width = rowWidth(input);
  if (others.length > 0 || width !== names.length)
    throw invalid(
      `--columns has ${names.length} names; "${input.name}" takes ${width ?? "any"} numbers a row`,
    );
  return { [input.name]: names };
}

/** `age=0..100`, `place=harbour|market`; categories that are numbers are so. */
function expectation(text: string): readonly [string, Expectation] {
  const at = text.lastIndexOf("=");
  const [name, values] = [text.slice(0, at), text.slice(at + 1)];
  const range = /^(-?[\d.]+(?:e-?\d+)?)\.\.(-?[\d.]+(?:e-?\d+)?)$/i.exec(values);
  if (at < 1 || values === "")
    throw invalid(`--expect takes age=0..100 or place=harbour|market, not "${text}"`);
  if (range === null) return [name, { categories: values.split("|").map(category) }];
  const [min, max] = [Number(range[1]), Number(range[2])];
  if (!(min < max))
    throw invalid(`--expect: ${values} of "${name}" is no range; write the smaller number first`);
  return [name, { min, max }];
}

function category(text: string): CategoricalFeature["categories"][number] {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function outlineText(out: string, profile: ReferenceProfile): string {
  const next = `written to ${out}; look through it, \`fedge profile review ${out} --by NAME\` and attach it. Then \`fedge profile from-fleet --bins 20\` makes a reference of what devices counted`;
  return [profileText(profile).trimEnd(), next].join("\n");
}

function invalid(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", message);
}
