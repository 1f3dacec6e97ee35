import {
  FedgeError,
  decodeManifest,
  decodeSafetensors,
  encodeManifest,
  encodeSafetensors,
  type ModelManifest,
  type ModelName,
  type NamedTensor,
} from "@fedge/protocol";
import type { BlobStore } from "../../blobs/port.js";
import { IMPORTED } from "../../registry/import-model.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { ControlStore } from "../../store/port.js";

/** Where versions are planted that no import would take. */
export interface Registry {
  readonly store: Pick<ControlStore, "getVersion" | "latestVersion" | "commitVersion">;
  readonly blobs: BlobStore;
  readonly nowMs: () => number;
}

export interface ReadVersion {
  readonly record: VersionRecord;
  readonly manifest: ModelManifest;
  /** Everything in its checkpoint. */
  readonly tensors: readonly NamedTensor[];
}

/** Throws VERSION_UNKNOWN. */
export async function readVersion(
  { store, blobs }: Registry,
  model: ModelName,
  version: number,
): Promise<ReadVersion> {
  const record = await store.getVersion(model, version);
  if (record === undefined)
    throw new FedgeError("VERSION_UNKNOWN", `model ${model} has no version ${version}; list its versions`);
  const manifest = decodeManifest(await blobs.get(record.manifest.sha256));
  const { tensors } = decodeSafetensors(await blobs.get(manifest.checkpoint.sha256));
  return { record, manifest, tensors };
}

/** What of a version is another than of its parent. */
export interface Planted {
  readonly inferGraph?: Uint8Array;
  readonly evalGraph?: Uint8Array;
  readonly tensors?: readonly NamedTensor[];
}

/** Commits a version beside imports and rounds, as whoever owns the database could. Gives its number. */
export async function plantVersion(
  { store, blobs, nowMs }: Registry,
  { record: parent, manifest }: ReadVersion,
  { inferGraph, evalGraph, tensors }: Planted,
): Promise<number> {
  const latest = await store.latestVersion(manifest.model);
  const version = (latest?.version ?? parent.version) + 1;
  const lineage = {
    parentVersion: parent.version,
    taskId: null,
    roundId: null,
    numUpdates: 0,
    numExamples: 0,
  };
  const kept = manifest.graphs;
  const graphs = {
    ...kept,
    infer: inferGraph === undefined ? kept.infer : await blobs.put(inferGraph),
    eval: evalGraph === undefined ? kept.eval : await blobs.put(evalGraph),
  };
  const checkpoint =
    tensors === undefined ? manifest.checkpoint : await blobs.put(encodeSafetensors([...tensors]));
  const planted: ModelManifest = {
    ...manifest,
    version,
    checkpoint,
    graphs,
    golden: undefined,
    lineage,
  };
  const record: VersionRecord = {
    ...lineage,
    ...{ model: manifest.model, version, checkpoint, optimizerState: null },
    manifest: await blobs.put(encodeManifest(planted)),
    ...{ provenance: IMPORTED, finalSum: null, createdAtMs: nowMs(), deletedAtMs: null },
  };
  await store.commitVersion({ version: record, round: null });
  return version;
}
