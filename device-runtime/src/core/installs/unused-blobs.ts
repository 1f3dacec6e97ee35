import { bundleFiles, decodeManifest, type BlobRef, type ModelManifest } from "@fedge/protocol";
import type { BlobStore } from "../ports/storage.js";

/** A version whose blobs stay. */
export interface NeededVersion {
  readonly manifest: ModelManifest;
  readonly manifestRef: BlobRef;
}

/**
 * Deletes every blob that none of the versions refers to, until `mayGoOn` says no: whoever begins to fetch meanwhile
 * finds a blob there or not there, and never loses one that it has found. Throws STORAGE_FAILED.
 */
export async function removeUnusedBlobs(
  blobs: Pick<BlobStore, "list" | "delete">,
  versions: readonly NeededVersion[],
  mayGoOn: () => boolean,
): Promise<void> {
  const needed = new Set(
    versions.flatMap(({ manifest, manifestRef }) => [
      manifestRef.sha256,
      ...bundleFiles(manifest).map(({ sha256 }) => sha256),
    ]),
  );
  for (const sha256 of await blobs.list()) {
    if (!mayGoOn()) return;
    if (!needed.has(sha256)) await blobs.delete(sha256);
  }
}

/** The version of a manifest that the store has; none when it has not. Throws MANIFEST_INVALID. */
export async function storedVersion(
  blobs: Pick<BlobStore, "get">,
  manifestRef: BlobRef | null,
): Promise<NeededVersion[]> {
  const bytes = manifestRef === null ? undefined : await blobs.get(manifestRef.sha256);
  if (manifestRef === null || bytes === undefined) return [];
  return [{ manifest: decodeManifest(bytes), manifestRef }];
}
