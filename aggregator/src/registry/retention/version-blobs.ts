import { decodeManifest, type Sha256 } from "@fedge/protocol";
import type { BlobStore } from "../../blobs/port.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { EvaluationRecord } from "../../store/port.js";
import { manifestBlobs } from "../cards/model-card.js";

/** Every blob that belongs to a version, each once; its cards are not among them, because they outlive it. */
export async function blobsOfVersion(
  blobs: BlobStore,
  record: VersionRecord,
  evaluations: readonly EvaluationRecord[],
): Promise<Sha256[]> {
  const manifest = decodeManifest(await blobs.get(record.manifest.sha256));
  const results = evaluations.flatMap(({ version, results: ref }) =>
    version === record.version && ref !== null ? [ref] : [],
  );
  const kept = [record.optimizerState, record.finalSum].filter((ref) => ref !== null);
  const all = [record.manifest, record.checkpoint, ...manifestBlobs(manifest), ...kept, ...results];
  return [...new Set(all.map(({ sha256 }) => sha256))];
}
