import type { ReferenceProfile } from "@fedge/protocol/profile";
import { layoutSha256Of } from "../../drift/profiles/build-profile.js";
import type { ProfiledModel } from "../../drift/profiles/feature-drafts.js";
import { goldenRows } from "../../drift/profiles/onnx-model.js";
import type { Predict } from "../../drift/profiles/training-data.js";
import { packageOf, type ProfilePackage } from "./profile-package.js";

/** The profile as somebody has looked through it: with the hash of the layout that it has now. */
export function reviewedProfile(profile: ReferenceProfile, by: string): ReferenceProfile {
  return { ...profile, reviewedBy: by, layoutSha256: layoutSha256Of(profile) };
}

/** The profile with golden rows, drawn from a seed, that the model answers here. Throws what the engine throws. */
export async function goldenPackage(
  profile: ReferenceProfile,
  model: ProfiledModel,
  predict: Predict,
): Promise<ProfilePackage> {
  const { rows, tolerance } = await goldenRows(model, predict);
  return packageOf(profile, rows, tolerance);
}
