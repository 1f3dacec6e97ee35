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
import type { BlobStore } from "../blobs/port.js";
import type { RoundRecord, VersionRecord } from "../rounds/journal.js";
import type { ServerOptimizerConfig } from "../server-optimizers/config.js";
import { stepServerOptimizer, type ServerOptimizerState } from "../server-optimizers/step.js";

export interface LoadedVersion {
  readonly record: VersionRecord;
  readonly manifest: ModelManifest;
}

export async function loadVersion(blobs: BlobStore, record: VersionRecord): Promise<LoadedVersion> {
  return { record, manifest: decodeManifest(await blobs.get(record.manifest.sha256)) };
}

/** The flat parameter vector of a version, in the manifest's order, length P. */
export async function loadParameters(blobs: BlobStore, version: LoadedVersion): Promise<Float32Array> {
  const { tensors } = decodeSafetensors(await blobs.get(version.manifest.checkpoint.sha256));
  return flattenTensors(version.manifest.parameters, tensors);
}

export interface RoundResult {
  readonly round: RoundRecord;
  /** sum(n_k * delta_k) / sum(n_k), length P. */
  readonly meanDelta: Float32Array;
  readonly numUpdates: number;
  readonly numExamples: number;
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
  const parameters = await loadParameters(blobs, base);
  const before = await loadOptimizerState(blobs, base.record.optimizerState);
  const after = stepServerOptimizer(result.optimizer, before, parameters, result.meanDelta);
  const checkpoint = await storeCheckpoint(blobs, base, after.parameters);
  const version = base.record.version + 1;
  const manifest: ModelManifest = {
    ...base.manifest,
    version,
    checkpoint,
    golden: undefined,
    lineage: {
      parentVersion: base.record.version,
      taskId: result.round.taskId,
      roundId: result.round.roundId,
      numUpdates: result.numUpdates,
      numExamples: result.numExamples,
    },
  };
  return {
    model: base.record.model,
    version,
    manifest: await blobs.put(encodeManifest(manifest)),
    checkpoint,
    optimizerState: await storeOptimizerState(blobs, after.state),
    parentVersion: base.record.version,
    taskId: result.round.taskId,
    roundId: result.round.roundId,
    numUpdates: result.numUpdates,
    numExamples: result.numExamples,
    createdAtMs: result.nowMs,
  };
}

/** New parameters beside the base version's client state, which rounds do not change. */
async function storeCheckpoint(
  blobs: BlobStore,
  base: LoadedVersion,
  parameters: Float32Array,
): Promise<BlobRef> {
  const stateNames = new Set(base.manifest.state.map((tensor) => tensor.name));
  const old = decodeSafetensors(await blobs.get(base.manifest.checkpoint.sha256));
  const state = old.tensors.filter((tensor) => stateNames.has(tensor.name));
  return blobs.put(encodeSafetensors([...unflattenTensors(base.manifest.parameters, parameters), ...state]));
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
