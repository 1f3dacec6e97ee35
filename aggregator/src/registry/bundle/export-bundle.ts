import { FedgeError, MAX_BLOB_BYTES, decodeManifest, type BlobRef } from "@fedge/protocol";
import { blobRefOf } from "../../blobs/blob-name.js";
import type { BlobStore } from "../../blobs/port.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { EvaluationRecord } from "../../store/port.js";
import { cardMarkdown } from "../cards/card-markdown.js";
import { encodeModelCard, manifestBlobs, type ModelCard } from "../cards/model-card.js";
import {
  BUNDLE_FORMAT,
  CARD_FILE,
  CARD_PAGE_FILE,
  INDEX_FILE,
  MANIFEST_FILE,
  blobFile,
  encodeBundleIndex,
  type BundleIndex,
} from "./bundle-index.js";
import { encodeTar, type TarFile } from "./tar.js";

/** Largest bundle that is written or read; it is in memory whole. */
export const MAX_BUNDLE_BYTES = MAX_BLOB_BYTES;

export interface BundleParts {
  readonly record: VersionRecord;
  readonly card: ModelCard;
  /** Of this version. */
  readonly evaluations: readonly EvaluationRecord[];
}

/**
 * A version as one file: the same version gives the same bytes. Throws MESSAGE_TOO_LARGE before anything is read when
 * it would exceed `MAX_BUNDLE_BYTES`.
 */
export async function exportBundle(blobs: BlobStore, parts: BundleParts): Promise<Uint8Array<ArrayBuffer>> {
  const manifest = await blobs.get(parts.record.manifest.sha256);
  const card = encodeModelCard(parts.card);
  const page = new TextEncoder().encode(cardMarkdown(parts.card));
  const refs = blobsOf(parts, manifest);
  requireSize(refs);
  const index = encodeBundleIndex(indexOf(parts, { card, page, refs }));
  const files: TarFile[] = [
    { name: INDEX_FILE, bytes: index },
    { name: MANIFEST_FILE, bytes: manifest },
    { name: CARD_FILE, bytes: card },
    { name: CARD_PAGE_FILE, bytes: page },
  ];
  for (const { sha256 } of refs) files.push({ name: blobFile(sha256), bytes: await blobs.get(sha256) });
  return encodeTar(files);
}

function blobsOf({ record, evaluations }: BundleParts, manifest: Uint8Array): BlobRef[] {
  const results = evaluations.map((evaluation) => evaluation.results);
  const kept = [record.optimizerState, ...results].filter((ref) => ref !== null);
  const all = new Map([...manifestBlobs(decodeManifest(manifest)), ...kept].map((ref) => [ref.sha256, ref]));
  return [...all.values()].sort((one, other) => (one.sha256 < other.sha256 ? -1 : 1));
}

function indexOf(
  { record, evaluations }: BundleParts,
  made: { readonly card: Uint8Array; readonly page: Uint8Array; readonly refs: readonly BlobRef[] },
): BundleIndex {
  const { version, manifest, optimizerState, numUpdates, numExamples, createdAtMs, provenance } = record;
  return {
    format: BUNDLE_FORMAT,
    model: record.model as BundleIndex["model"],
    ...{ version, manifest, optimizerState, numUpdates, numExamples, createdAtMs, provenance },
    card: blobRefOf(made.card),
    cardPage: blobRefOf(made.page),
    blobs: [...made.refs],
    evaluations: evaluations.map(({ dataSet, segment, numExamples: size, ...measured }) => ({
      ...{ dataSet, segment, numExamples: size, accuracy: measured.accuracy, loss: measured.loss },
      ...{ results: measured.results, evaluatedAtMs: measured.evaluatedAtMs },
    })),
  };
}

function requireSize(refs: readonly BlobRef[]): void {
  const sizeBytes = refs.reduce((sum, ref) => sum + ref.sizeBytes, 0);
  if (sizeBytes <= MAX_BUNDLE_BYTES - 1024 * 1024 * 4) return;
  throw new FedgeError(
    "MESSAGE_TOO_LARGE",
    `the version has ${sizeBytes} bytes, more than a bundle can hold; export its weights with --format safetensors`,
  );
}
