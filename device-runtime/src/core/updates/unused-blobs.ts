import type { BlobStore } from "../ports/storage.js";
import type { LoadedModel } from "../serving/model-host.js";

/** Deletes every blob that none of the versions refers to. Throws STORAGE_FAILED. */
export async function removeUnusedBlobs(
  blobs: Pick<BlobStore, "list" | "delete">,
  versions: readonly Pick<LoadedModel, "manifest" | "manifestRef">[],
): Promise<void> {
  const needed = new Set(
    versions.flatMap(({ manifest, manifestRef }) => [
      manifestRef.sha256,
      manifest.checkpoint.sha256,
      ...(manifest.golden === undefined ? [] : [manifest.golden.tensors.sha256]),
      ...Object.values(manifest.graphs).flatMap((graph) => graph?.sha256 ?? []),
    ]),
  );
  for (const sha256 of await blobs.list()) if (!needed.has(sha256)) await blobs.delete(sha256);
}
