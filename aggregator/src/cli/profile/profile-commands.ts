import type { Command } from "commander";
import { FedgeError } from "@fedge/protocol";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import { attachResult } from "../../http/schema/registry-schema.js";
import { goldenPackage, reviewedProfile } from "../../registry/profiles/golden-package.js";
import { encodeProfilePackage, requireReady } from "../../registry/profiles/profile-package.js";
import { addServerFlags, clientOf, jsonFlag } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { versionPath } from "../version-argument.js";
import { wholeNumber } from "../flag-values.js";
import { findModel, type ModelFlags } from "./model-source.js";
import { openModel } from "../../drift/profiles/onnx-model.js";
import { addProfileBuild } from "./profile-build.js";
import { addProfileOutline } from "./profile-outline.js";
import { readProfile, writeProfile } from "./profile-file.js";
import { addProfileFromFleet } from "./profile-from-fleet.js";
import { profileText } from "./profile-text.js";

const FILE = "profile.json of `fedge profile build`";

/** `fedge profile build|outline|from-fleet|show|check|review|attach`, and the same below `fedge drift profile`. */
export function addProfileCommands(parent: Command, terminal: Terminal): void {
  const profile = parent
    .command("profile")
    .description("reference profiles: what a model's inputs and predictions looked like when it was made");
  addProfileBuild(profile, terminal);
  addProfileOutline(profile, terminal);
  addProfileFromFleet(profile, terminal);
  addShow(profile, terminal);
  addCheck(profile, terminal);
  addReview(profile, terminal);
  addAttach(profile, terminal);
}

function addShow(parent: Command, terminal: Terminal): void {
  parent
    .command("show")
    .description("a profile's features, bins, ranges and shares of missing values")
    .argument("<file>", FILE)
    .addOption(jsonFlag())
    .action(async (file: string) => {
      const profile = await readProfile(file);
      printResult(terminal, profile, () => profileText(profile));
    });
}

function addCheck(parent: Command, terminal: Terminal): void {
  parent
    .command("check")
    .description("whether an edited profile is sound, and ready for a version")
    .argument("<file>", FILE)
    .addOption(jsonFlag())
    .action(async (file: string) => {
      const profile = await readProfile(file);
      requireReady(profile);
      const { model, features, reviewedBy, layoutSha256 } = profile;
      const result = { model, numFeatures: features.length, reviewedBy, layoutSha256, isReady: true };
      printResult(terminal, result, () => `${file} is sound: ${features.length} features of ${model}`);
    });
}

function addReview(parent: Command, terminal: Terminal): void {
  parent
    .command("review")
    .description("say that you looked through a profile: its schema, privacy classes and floors")
    .argument("<file>", FILE)
    .requiredOption("--by <name>", "who did")
    .addOption(jsonFlag())
    .action(async (file: string, { by }: { readonly by: string }) => {
      if (by.trim() === "") throw new FedgeError("OPTION_INVALID", "--by takes a name");
      const profile = await readProfile(file);
      const reviewed = reviewedProfile(profile, by.trim());
      const { layoutSha256 } = reviewed;
      await writeProfile(file, reviewed);
      const changed = layoutSha256 !== profile.layoutSha256;
      const result = {
        file,
        model: profile.model,
        reviewedBy: by.trim(),
        layoutSha256,
        isLayoutChanged: changed,
      };
      printResult(terminal, result, () => `${file} is reviewed by ${by.trim()}; ${nextText(profile, file)}`);
    });
}

function nextText({ model }: ReferenceProfile, file: string): string {
  return `now \`fedge profile attach ${file} --model ${model}\`, or \`fedge model import … --profile ${file}\``;
}

function addAttach(parent: Command, terminal: Terminal): void {
  addServerFlags(
    parent
      .command("attach")
      .description("make the next version of a model: the newest one with this profile"),
  )
    .argument("<file>", FILE)
    .requiredOption("--model <name>", "the model")
    .option("--model-version <number>", "its newest version (default)", wholeNumber({ least: 1 }))
    .action(async (file: string, flags: Omit<ModelFlags, "loss" | "onnx">) => {
      const profile = await readProfile(file);
      requireReady(profile);
      const { shape, onnx, target } = await findModel({ ...flags, loss: "" });
      if (target === null) throw new FedgeError("INTERNAL", "a version of the aggregator has a target");
      const bytes = await packageBytes(profile, { shape, onnx, isImport: false });
      const path = `${versionPath(target)}/profile`;
      const result = await clientOf(flags).upload(path, attachResult, { query: {}, bytes });
      printResult(
        terminal,
        result,
        () =>
          `${result.model}@${result.version} is ${target.model}@${target.version} with the profile; bring it to the fleet with \`fedge rollout create ${result.model}@${result.version}\``,
      );
    });
}

/** The profile with golden rows that the model answered here, and for an import the model itself. */
export async function packageBytes(
  profile: ReferenceProfile,
  {
    shape,
    onnx,
    isImport,
  }: Pick<Awaited<ReturnType<typeof findModel>>, "shape" | "onnx"> & { isImport: boolean },
): Promise<Uint8Array<ArrayBuffer>> {
  const packed = await goldenPackage(profile, shape, await openModel(onnx, shape));
  return encodeProfilePackage(packed, isImport ? onnx : null);
}
