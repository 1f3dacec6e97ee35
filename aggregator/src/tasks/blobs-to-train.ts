import type { BlobRef } from "@fedge/protocol";
import type { LoadedVersion } from "./version-maker.js";

/** What a device needs of a version to train it, with whichever engine it has. */
export function blobsToTrain(base: LoadedVersion): BlobRef[] {
  const { graphs, checkpoint } = base.manifest;
  const models = [graphs.train, graphs.layers].filter((blob) => blob !== undefined);
  return [base.record.manifest, checkpoint, ...models];
}
