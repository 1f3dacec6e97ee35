import type { BlobRef } from "@fedge/protocol";
import type { LoadedVersion } from "./version-maker.js";

/** What a device needs of a version to train it. */
export function blobsToTrain(base: LoadedVersion): BlobRef[] {
  const { graphs, checkpoint } = base.manifest;
  return [base.record.manifest, checkpoint, ...(graphs.train === undefined ? [] : [graphs.train])];
}
