import { MAX_BINS, type ReferenceProfile } from "@fedge/protocol/profile";
import type { Command } from "commander";
import { layoutSha256Of } from "../../drift/profiles/build-profile.js";
import { withMergedBins } from "../../drift/references/merged-bins.js";
import { driftReference } from "../../http/schema/drift-schema.js";
import { wholeNumber } from "../flag-values.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { writeProfile } from "./profile-file.js";
import { profileText } from "./profile-text.js";

interface FromFleetFlags extends ServerFlags {
  readonly model: string;
  readonly modelVersion?: number;
  readonly cohort?: string;
  readonly windows: number;
  readonly since?: number;
  readonly predictions: boolean;
  readonly bins?: number;
  readonly out: string;
}

/** `fedge profile from-fleet`: where there are no central data, or where they are no longer what devices see. */
export function addProfileFromFleet(parent: Command, terminal: Terminal): void {
  addServerFlags(
    parent
      .command("from-fleet")
      .description("a profile of what the fleet counted in released windows, for a version to come"),
  )
    .requiredOption("--model <name>", "a monitored model")
    .option(
      "--model-version <number>",
      "the one whose windows are released, unless given",
      wholeNumber({ least: 1 }),
    )
    .option("--cohort <cohort>", "only these devices, by an attribute that they report, such as region=eu")
    .option("--windows <count>", "how many, the newest", wholeNumber({ least: 1, most: 1000 }), 3)
    .option("--since <window>", "none before this window", wholeNumber({ least: 0 }))
    .option(
      "--no-predictions",
      "leave predictions and scores without a reference: other weights will give others",
    )
    .option(
      "--bins <count>",
      "put fine bins together to so many of equal mass, as those of an outline",
      wholeNumber({ least: 2, most: MAX_BINS }),
    )
    .option("--out <file>", "where the profile is written", "profile.json")
    .action(async (flags: FromFleetFlags) => {
      const profile = binned(await fetchReference(flags), flags.bins);
      await writeProfile(flags.out, profile);
      const { model, numRows, origin, layoutSha256 } = profile;
      const result = { file: flags.out, model, numRows, origin, layoutSha256 };
      printResult(terminal, result, () => fromFleetText(flags.out, profile));
    });
}

function fetchReference(flags: FromFleetFlags): Promise<ReferenceProfile> {
  const { modelVersion: version, cohort, windows, since, predictions } = flags;
  const path = `/v1/drift/models/${encodeURIComponent(flags.model)}/reference`;
  const query = { version, cohort, windows, since, predictions: String(predictions) };
  return clientOf(flags).get(path, driftReference, query);
}

function binned(profile: ReferenceProfile, numBins: number | undefined): ReferenceProfile {
  if (numBins === undefined) return profile;
  const features = profile.features.map((feature) => withMergedBins(feature, numBins));
  return { ...profile, features, layoutSha256: layoutSha256Of({ ...profile, features }) };
}

function fromFleetText(out: string, profile: ReferenceProfile): string {
  const next = `written to ${out}; look through it, then \`fedge profile review ${out} --by NAME\``;
  const without = profile.features.filter(({ counts }) => counts.every((count) => count === 0));
  const named = without.map(({ name }) => name).join(", ");
  const warning = `without a reference, as nothing is known of them in some window, or was wanted: ${named}`;
  return [profileText(profile).trimEnd(), ...(without.length > 0 ? [warning] : []), next].join("\n");
}
