import type { BlobRef, ModelManifest } from "@fedge/protocol";

/** What devices need of a version to serve and to explain it, with whichever engine they have, each blob once. */
export function servedBlobs(manifestRef: BlobRef, manifest: ModelManifest): BlobRef[] {
  const { checkpoint, graphs, golden, goldenFeatures, profile } = manifest;
  const extras = [graphs.layers, graphs.attribution, golden?.tensors, goldenFeatures, profile].flatMap(
    (ref) => ref ?? [],
  );
  const all = [manifestRef, checkpoint, graphs.infer, ...extras];
  return [...new Map(all.map((ref) => [ref.sha256, ref])).values()];
}
