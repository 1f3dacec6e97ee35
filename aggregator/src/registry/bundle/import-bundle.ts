import { FedgeError, decodeManifest, type ModelName } from "@fedge/protocol";
import type { BlobStore } from "../../blobs/port.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { ControlStore } from "../../store/port.js";
import type { RegistryStore } from "../registry-store.js";
import { importEntry } from "../import-entry.js";
import { requireNoRunningTask } from "../import-model.js";
import { readBundle, type ReadBundle } from "./read-bundle.js";

export interface BundlePorts {
  readonly store: ControlStore & RegistryStore;
  readonly blobs: BlobStore;
  readonly nowMs: () => number;
}

export interface ImportedBundle {
  readonly record: VersionRecord;
  /** False when the same version was here already. */
  readonly isNew: boolean;
  readonly isFirst: boolean;
}

/**
 * Makes a version out of a bundle: with its number and its bytes, so that its hashes and signature stay what they are.
 * Its round stays behind; notes, risk class and approvals are this registry's own and begin anew.
 *
 * Throws what `readBundle` throws, VERSION_CONFLICT when the number is taken or not above the newest, or the parameters
 * are not the model's, and TASK_STATE_CONFLICT while a task trains the model.
 */
export async function importBundle(
  ports: BundlePorts,
  archive: Uint8Array,
  actor: string,
): Promise<ImportedBundle> {
  const bundle = readBundle(archive);
  const { index } = bundle;
  const known = await ports.store.getVersion(index.model, index.version);
  if (known?.manifest.sha256 === index.manifest.sha256 && known.deletedAtMs === null)
    return { record: known, isNew: false, isFirst: false };
  const latest = await ports.store.latestVersion(index.model);
  await requirePlace(ports, bundle, latest);
  const record = recordOf(bundle, ports.nowMs());
  await ports.blobs.put(bundle.manifestBytes);
  for (const bytes of bundle.blobs) await ports.blobs.put(bytes);
  const audit = importEntry(record, actor, record.createdAtMs);
  await ports.store.commitVersion({ version: record, round: null, audit });
  await keepWhatWasKnown(ports, bundle, actor);
  return { record, isNew: true, isFirst: latest === undefined };
}

async function requirePlace(
  { store, blobs }: BundlePorts,
  { index, manifest }: ReadBundle,
  latest: VersionRecord | undefined,
): Promise<void> {
  if (latest === undefined) return;
  const { model, version } = index;
  if (version <= latest.version) {
    throw new FedgeError(
      "VERSION_CONFLICT",
      `the bundle is version ${version} of model "${model}", whose newest here is ${latest.version}; only a newer one ` +
        "can be imported",
    );
  }
  const { parameters } = decodeManifest(await blobs.get(latest.manifest.sha256));
  if (JSON.stringify(parameters) !== JSON.stringify(manifest.parameters))
    throw new FedgeError(
      "VERSION_CONFLICT",
      `the bundle's parameters have other names or shapes than those of model "${model}" here`,
    );
  await requireNoRunningTask(store, model);
}

function recordOf({ index, manifest }: ReadBundle, nowMs: number): VersionRecord {
  const { model, version, optimizerState, numUpdates, numExamples, provenance } = index;
  return {
    ...{ model, version, optimizerState, numUpdates, numExamples, provenance },
    manifest: index.manifest,
    checkpoint: manifest.checkpoint,
    parentVersion: manifest.lineage.parentVersion,
    taskId: null,
    roundId: null,
    finalSum: null,
    createdAtMs: nowMs,
    deletedAtMs: null,
  };
}

async function keepWhatWasKnown(
  { store, nowMs }: BundlePorts,
  { index, card, manifest }: ReadBundle,
  actor: string,
): Promise<void> {
  const id = { model: index.model as ModelName, version: index.version };
  for (const evaluation of index.evaluations) await store.saveEvaluation({ ...id, ...evaluation });
  const { taskId, roundId } = manifest.lineage;
  const from =
    roundId === null ? "" : ` It was made by round ${roundId} of task ${taskId ?? "unknown"} elsewhere.`;
  const say = (kind: "note" | "purpose", text: string): Promise<void> =>
    store.addStatement(id, { actor, statement: { kind, text: text.slice(0, 4096) }, atMs: nowMs() });
  await say("note", `Imported from a bundle.${from}`);
  if (card.purpose !== null && card.purpose !== "") await say("purpose", card.purpose);
}
