import { encodeSafetensors, type ModelManifest } from "@fedge/protocol";
import { encodeProfile } from "@fedge/protocol/profile";
import type { BlobStore } from "../../blobs/port.js";
import type { ProfilePackage } from "./profile-package.js";

/** Stores the blobs of a package; gives what a manifest says of them. */
export async function storeProfile(
  blobs: Pick<BlobStore, "put">,
  { profile, golden }: ProfilePackage,
): Promise<Pick<ModelManifest, "profile" | "golden" | "goldenFeatures">> {
  const stored = await blobs.put(encodeProfile(profile));
  if (golden === null) return { profile: stored };
  const tensors = await blobs.put(encodeSafetensors(golden.tensors));
  return { profile: stored, goldenFeatures: tensors, golden: { tensors, tolerance: golden.tolerance } };
}
