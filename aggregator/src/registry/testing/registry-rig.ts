import { logistic } from "@fedge/onnx-autodiff/zoo";
import {
  numScalars,
  type DeviceId,
  type ModelName,
  type RoundId,
  type Sha256,
  type TaskId,
} from "@fedge/protocol";
import { FixedPointFold } from "../../aggregation/fold.js";
import type { AuditDraft } from "../../audit/audit.js";
import { sha256Of } from "../../blobs/blob-name.js";
import { createMemoryBlobStore } from "../../blobs/memory-blob-store.js";
import type { BlobStore } from "../../blobs/port.js";
import { ManualClock } from "../../clock/manual-clock.js";
import { prepareUnchecked } from "../../model-check/testing/prepare-unchecked.js";
import type { CountedUpdate, JournalEvent, VersionRecord } from "../../rounds/journal.js";
import { DEFAULT_SERVER_OPTIMIZERS } from "../../server-optimizers/config.js";
import type { DatabaseStore } from "../../store/drizzle-store.js";
import { openEmbeddedStore } from "../../store/embedded-store.js";
import { COMMITTED_SUMMARY, sampleTaskConfig } from "../../store/testing/sample-records.js";
import { foldBounds } from "../../tasks/begin-fold.js";
import type { TaskConfig } from "../../tasks/task-config.js";
import { loadVersion, makeVersion } from "../../tasks/version-maker.js";
import { importModel } from "../import-model.js";

const COHORT_SIZE = 4;

/** A registry's ground: a real database, blobs in memory, and versions made as the server makes them. */
export interface RegistryRig {
  readonly store: DatabaseStore;
  readonly blobs: BlobStore;
  readonly clock: ManualClock;
  readonly audited: AuditDraft[];
  /** Version 1 of a model that no other call has given. */
  importNew(purpose?: string): Promise<VersionRecord>;
  /** Runs a round of a task on the newest version and commits what it gives. */
  commitRound(model: string): Promise<VersionRecord>;
  close(): Promise<void>;
}

export async function openRegistryRig(): Promise<RegistryRig> {
  const store = await openEmbeddedStore({ directory: null });
  const blobs = createMemoryBlobStore();
  const clock = new ManualClock();
  let numModels = 0;
  return {
    ...{ store, blobs, clock, audited: [] },
    importNew: async (purpose) => {
      const model = `digits-${(numModels += 1)}` as ModelName;
      const onnx = logistic({ inputs: 4, classes: 3, seed: numModels });
      const training = { loss: "softmax-cross-entropy" } as const;
      const ports = { store, blobs, prepare: prepareUnchecked, nowMs: () => clock.nowMs() };
      const request = { model, onnx, training, ...(purpose === undefined ? {} : { purpose }) };
      return (await importModel(ports, request)).record;
    },
    commitRound: (model) => commitRound({ store, blobs, clock }, model as ModelName),
    close: () => store.close(),
  };
}

type Ground = Pick<RegistryRig, "store" | "blobs" | "clock">;

async function commitRound({ store, blobs, clock }: Ground, model: ModelName): Promise<VersionRecord> {
  const config = await taskOf(store, model);
  const base = await store.latestVersion(model);
  if (base === undefined) throw new Error("import a version first");
  const number = base.version;
  const roundId = `${config.taskId}-${number}` as RoundId;
  const round = {
    roundId,
    taskId: config.taskId,
    number,
    baseVersion: base.version,
    openedAtMs: clock.nowMs(),
  };
  await store.openRound(round);
  clock.advance(60_000);
  const loaded = await loadVersion(blobs, base);
  const { updates, sum, meanDelta } = foldUpdates(config, loaded, number);
  await store.appendEvents(roundId, 0, journalOf(updates, sum, clock.nowMs()));
  const numExamples = updates.reduce((total, update) => total + update.numExamples, 0);
  const version = await makeVersion(blobs, loaded, {
    ...{ round, meanDelta, numExamples },
    numUpdates: updates.length,
    provenance: {
      cohortSize: COHORT_SIZE,
      privacySpent: null,
      dataWindow: { firstMs: round.openedAtMs, lastMs: clock.nowMs() },
      codeVersion: "0.1.0",
      signer: null,
    },
    finalSum: await blobs.put(sum),
    optimizer: config.serverOptimizer,
    nowMs: clock.nowMs(),
  });
  const event = { type: "version-committed", atMs: clock.nowMs(), version: version.version } as const;
  const summary = { ...COMMITTED_SUMMARY, version: version.version };
  await store.commitVersion({ version, round: { roundId, seq: 2, event, summary } });
  return version;
}

async function taskOf(store: DatabaseStore, model: ModelName): Promise<TaskConfig> {
  const taskId = `task-${model}` as TaskId;
  const known = await store.getTask(taskId);
  if (known !== undefined) return known.config;
  const serverOptimizer = DEFAULT_SERVER_OPTIMIZERS.fedadam;
  return (await store.createTask({ ...sampleTaskConfig(taskId, model), serverOptimizer }, 0)).config;
}

function foldUpdates(config: TaskConfig, base: Awaited<ReturnType<typeof loadVersion>>, seed: number) {
  const fold = new FixedPointFold(foldBounds(config, base.manifest));
  const length = numScalars(base.manifest.parameters);
  const updates = [1, 2, 3].map((device): CountedUpdate => {
    const delta = Float32Array.from({ length }, (_none, i) => Math.sin(seed + device * 7 + i) / 10);
    const body = new Uint8Array(delta.buffer);
    const numExamples = 10 * device;
    const { l2Norm } = fold.add(body, "float32", numExamples);
    const losses = { lossBefore: 1.1, lossAfter: 0.9, trainMs: 5 };
    const deviceId = `device-${device}` as DeviceId;
    return {
      deviceId,
      sha256: sha256Of(body) as Sha256,
      numExamples,
      sizeBytes: body.length,
      l2Norm,
      ...losses,
    };
  });
  const [header, sums] = fold.snapshot();
  const sum = new Uint8Array(header.length + sums.length);
  sum.set(header);
  sum.set(sums, header.length);
  const meanDelta = fold.mean();
  fold.close();
  return { updates, sum, meanDelta };
}

function journalOf(updates: readonly CountedUpdate[], sum: Uint8Array, atMs: number): JournalEvent[] {
  const devices = Array.from({ length: COHORT_SIZE }, (_none, i) => `device-${i + 1}` as DeviceId);
  const snapshot = { fileName: "sum.1.fold", sha256: sha256Of(sum), sizeBytes: sum.length };
  return [
    { type: "cohort-selected", atMs, devices },
    { type: "updates-counted", atMs, updates, snapshot },
  ];
}
