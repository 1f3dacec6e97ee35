import { FedgeError, decodeManifest, encodeManifest, type ModelName } from "@fedge/protocol";
import type { BlobStore } from "../../blobs/port.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { ControlStore } from "../../store/port.js";
import { importEntry } from "../import-entry.js";
import { IMPORTED, RUNTIME_VERSION, requireNoRunningTask } from "../import-model.js";
import { requireFits, type ProfilePackage } from "./profile-package.js";
import { storeProfile } from "./store-profile.js";

export interface AttachPorts {
  readonly store: ControlStore;
  readonly blobs: BlobStore;
  readonly nowMs: () => number;
}

/**
 * A new version that is the newest one with another profile: versions do not change, so the profile is signed and
 * rolled out as any version is. Graphs, weights and the server optimizer's state stay.
 *
 * Throws VERSION_CONFLICT for a version that is not the newest, PROFILE_INVALID as `requireFits`, and TASK_STATE_CONFLICT
 * while a task trains the model.
 */
export async function attachProfile(
  { store, blobs, nowMs }: AttachPorts,
  base: VersionRecord,
  { package: given, actor }: { readonly package: ProfilePackage; readonly actor: string },
): Promise<VersionRecord> {
  const model = base.model as ModelName;
  const latest = await store.latestVersion(model);
  if (latest?.version !== base.version)
    throw new FedgeError(
      "VERSION_CONFLICT",
      `the newest version of model "${model}" is ${latest?.version ?? "none"}; attach the profile to that one`,
    );
  const old = decodeManifest(await blobs.get(base.manifest.sha256));
  requireFits(given, old, model);
  await requireNoRunningTask(store, model);
  const version = base.version + 1;
  const from = { parentVersion: base.version, taskId: null, roundId: null, numUpdates: 0, numExamples: 0 };
  const described = { golden: undefined, goldenFeatures: undefined, ...(await storeProfile(blobs, given)) };
  const manifest = await blobs.put(encodeManifest({ ...old, version, lineage: from, ...described }));
  const record: VersionRecord = {
    ...{ ...from, model, version, manifest },
    ...{ checkpoint: base.checkpoint, optimizerState: base.optimizerState },
    provenance: { ...IMPORTED, codeVersion: RUNTIME_VERSION },
    ...{ finalSum: null, createdAtMs: nowMs(), deletedAtMs: null },
  };
  const audit = importEntry(record, actor, record.createdAtMs);
  await store.commitVersion({ version: record, round: null, audit });
  return record;
}
