import { NUM_REPLICATES, type ModelName, type ProfileWindow, type Random } from "@fedge/protocol";
import { encodeVector, type ReferenceProfile } from "@fedge/protocol/profile";
import { base64Of } from "./vector-text.js";
import type { WindowCounts } from "./window-counts.js";

interface Counted {
  readonly model: ModelName;
  readonly version: number;
  readonly profile: Pick<ReferenceProfile, "layoutSha256">;
}

/** What the server is sent of a closed window; the replicate group is drawn. */
export function windowMessage(
  { model, version, profile }: Counted,
  { window, vector }: Pick<WindowCounts, "window" | "vector">,
  random: Random,
): ProfileWindow {
  return {
    type: "profile-window",
    ...{ model, version, window, layoutSha256: profile.layoutSha256 },
    replicate: random.below(NUM_REPLICATES),
    vector: base64Of(encodeVector(vector)),
  };
}
