import { FedgeError, type BlobRef, type ModelManifest, type decodeSafetensors } from "@fedge/protocol";
import { checkSkew, decodeProfile, type ReferenceProfile } from "@fedge/protocol/profile";

/**
 * The reference profile of a version, whose golden rows prove that features are made here as they were when it was built;
 * null for a version without one. Throws FEATURE_SKEW naming feature, row and both values, PROFILE_INVALID,
 * TENSORS_MALFORMED, and what `fetch` throws. What decodes tensors is given: a bundler would part it from the page's first file.
 */
export async function readProfile(
  { model, version, profile: ref, goldenFeatures }: ModelManifest,
  fetch: (ref: BlobRef) => Promise<Uint8Array>,
  decodeTensors: typeof decodeSafetensors,
): Promise<ReferenceProfile | null> {
  if (ref === undefined) return null;
  const profile = decodeProfile(await fetch(ref));
  if (goldenFeatures === undefined) return profile;
  const skew = checkSkew(profile, decodeTensors(await fetch(goldenFeatures)).tensors);
  if (skew === null) return profile;
  const remedy = "build its profile again with the runtime that devices have";
  throw new FedgeError("FEATURE_SKEW", `version ${version} of "${model}": ${skew}; ${remedy}`);
}
