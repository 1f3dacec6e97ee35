import {
  decodeManifest,
  decodeSafetensors,
  encodeManifest,
  encodeSafetensors,
  flattenTensors,
  unflattenTensors,
  type BlobRef,
  type ModelManifest,
  type NamedTensor,
} from "@fedge/protocol";
import { blobRefOf } from "../blobs/blob-name.js";
import type { BlobStore } from "../blobs/port.js";
import type { Provenance, RoundRecord, VersionRecord } from "../rounds/journal.js";
import type { ServerOptimizerConfig } from "../server-optimizers/config.js";
import { stepServerOptimizer, type ServerOptimizerState } from "../server-optimizers/step.js";

export interface LoadedVersion {
  readonly record: VersionRecord;
  readonly manifest: ModelManifest;
}

export async function loadVersion(blobs: BlobStore, record: VersionRecord): Promise<LoadedVersion> {
  return { record, manifest: decodeManifest(await blobs.get(record.manifest.sha256)) };
}

export interface RoundResult {
  readonly round: RoundRecord;
  /** sum(n_k * delta_k) / sum(n_k), length P. */
  readonly meanDelta: Float32Array;
  readonly numUpdates: number;
  readonly numExamples: number;
  readonly provenance: Provenance;
  readonly finalSum: BlobRef | null;
  readonly optimizer: ServerOptimizerConfig;
  readonly nowMs: number;
}

/**
 * The version that follows `base` by a round's result: server optimizer step, checkpoint, manifest, all in the
 * blob store. The same result gives the same bytes, so doing it again after a crash makes no second version.
 */
export async function makeVersion(
  blobs: BlobStore,
  base: LoadedVersion,
  result: RoundResult,
): Promise<VersionRecord> {
  const old = decodeSafetensors(await blobs.get(base.manifest.checkpoint.sha256)).tensors;
  const parameters = flattenTensors(base.manifest.parameters, old);
  const before = await loadOptimizerState(blobs, base.record.optimizerState);
  const after = stepServerOptimizer(result.optimizer, before, parameters, result.meanDelta);
  const checkpointBytes = encodeCheckpoint(base.manifest, after.parameters, old);
  const checkpoint = blobRefOf(checkpointBytes);
  const version = base.record.version + 1;
  const { numUpdates, numExamples, provenance, finalSum } = result;
  const { taskId, roundId } = result.round;
  const lineage = { parentVersion: base.record.version, taskId, roundId, numUpdates, numExamples };
  const manifest: ModelManifest = {
    ...base.manifest,
    version,
    checkpoint,
    golden: undefined,
    lineage,
  };
  // Beside each other: each of them waits for the disk.
  const [manifestRef, optimizerState] = await Promise.all([
    blobs.put(encodeManifest(manifest)),
    storeOptimizerState(blobs, after.state),
    blobs.put(checkpointBytes),
  ]);
  const { model } = base.record;
  const refs = { manifest: manifestRef, checkpoint, optimizerState };
  const made = { createdAtMs: result.nowMs, deletedAtMs: null };
  return { ...lineage, ...refs, model, version, provenance, finalSum, ...made };
}

/** New parameters beside the base version's client state, which rounds do not change. */
function encodeCheckpoint(
  manifest: ModelManifest,
  parameters: Float32Array,
  old: readonly NamedTensor[],
): Uint8Array {
  const stateNames = new Set(manifest.state.map((tensor) => tensor.name));
  const state = old.filter((tensor) => stateNames.has(tensor.name));
  return encodeSafetensors([...unflattenTensors(manifest.parameters, parameters), ...state]);
}

const STEP_KEY = "fedge.step";

async function loadOptimizerState(
  blobs: BlobStore,
  ref: BlobRef | null,
): Promise<ServerOptimizerState | null> {
  if (ref === null) return null;
  const { tensors, metadata } = decodeSafetensors(await blobs.get(ref.sha256));
  const vectors = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor.data as Float32Array]));
  return { step: Number(metadata[STEP_KEY]), vectors };
}

async function storeOptimizerState(blobs: BlobStore, state: ServerOptimizerState): Promise<BlobRef | null> {
  const names = Object.keys(state.vectors).sort();
  if (names.length === 0) return null;
  const tensors = names.map((name): NamedTensor => {
    const data = state.vectors[name] as Float32Array;
    return { name, elementType: "float32", shape: [data.length], data };
  });
  return blobs.put(encodeSafetensors(tensors, { [STEP_KEY]: String(state.step) }));
}
