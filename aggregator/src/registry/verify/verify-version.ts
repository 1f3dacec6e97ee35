import { FedgeError, decodeManifest, numScalars, type ModelName, type RoundId } from "@fedge/protocol";
import { FixedPointFold } from "../../aggregation/fold.js";
import { decodeSnapshotHeader } from "../../aggregation/fold-snapshot.js";
import { sha256Of } from "../../blobs/blob-name.js";
import { createMemoryBlobStore } from "../../blobs/memory-blob-store.js";
import type { BlobStore } from "../../blobs/port.js";
import type { CountedUpdate, JournalEvent, RoundRecord, VersionRecord } from "../../rounds/journal.js";
import type { ControlStore } from "../../store/port.js";
import { foldBounds } from "../../tasks/begin-fold.js";
import type { TaskConfig } from "../../tasks/task-config.js";
import { loadVersion, makeVersion, type LoadedVersion } from "../../tasks/version-maker.js";
import { Findings, type VerificationCheck } from "./findings.js";
import { manifestBlobs } from "../cards/model-card.js";

export interface VerifyPorts {
  readonly store: Pick<ControlStore, "getVersion" | "getRound" | "getTask">;
  readonly blobs: BlobStore;
}

export interface Verification {
  readonly model: string;
  readonly version: number;
  /** `reproduced`: the aggregation was done again and gave the same bytes. `hashes`: an import has no aggregation. */
  readonly kind: "reproduced" | "hashes";
  readonly checks: readonly VerificationCheck[];
}

interface Journal {
  readonly round: RoundRecord;
  readonly config: TaskConfig;
  readonly cohort: ReadonlySet<string>;
  readonly updates: readonly CountedUpdate[];
  readonly sumSha256: string;
}

/**
 * Makes a version again from its round's journal and sum, and compares every byte.
 *
 * Throws VERSION_NOT_REPRODUCED naming what differs, and DATA_MISSING when what it needs is no longer kept.
 */
export async function verifyVersion(ports: VerifyPorts, record: VersionRecord): Promise<Verification> {
  const findings = new Findings(`${record.model}@${record.version}`);
  await checkHashes(ports.blobs, record, findings);
  findings.requireAllSame();
  const { roundId } = record;
  if (roundId !== null) await reproduce(ports, { record, roundId }, findings);
  findings.requireAllSame();
  const kind = roundId === null ? "hashes" : "reproduced";
  return { model: record.model, version: record.version, kind, checks: findings.checks };
}

/** Reading a blob compares it with its name already; what is damaged becomes a finding. */
async function checkHashes(blobs: BlobStore, record: VersionRecord, findings: Findings): Promise<void> {
  const manifest = await findings.read("manifest", record.manifest, blobs);
  if (manifest === undefined) return;
  const decoded = decodeManifest(manifest);
  findings.compare("manifest's model", decoded.model, record.model);
  findings.compare("manifest's version", decoded.version, record.version);
  findings.compare("manifest's checkpoint", decoded.checkpoint.sha256, record.checkpoint.sha256);
  for (const ref of manifestBlobs(decoded))
    await findings.read(`blob ${ref.sha256.slice(0, 12)}`, ref, blobs);
}

async function reproduce(
  ports: VerifyPorts,
  { record, roundId }: { readonly record: VersionRecord; readonly roundId: RoundId },
  findings: Findings,
): Promise<void> {
  const journal = await readJournal(ports, roundId);
  checkJournal(journal, record, findings);
  const base = await loadParent(ports, record, journal);
  const sum = await readSum(ports.blobs, record);
  findings.compare("sum's hash", sha256Of(sum), journal.sumSha256);
  const header = decodeSnapshotHeader(sum);
  findings.compare("sum's number of updates", header.numUpdates, journal.updates.length);
  findings.compare("sum's number of examples", header.totalExamples, numExamplesOf(journal.updates));
  findings.compare("sum's number of parameters", header.numParameters, numScalars(base.manifest.parameters));
  findings.requireAllSame();
  const again = await makeAgain(ports.blobs, { record, journal, base, sum });
  findings.compare("checkpoint", again.checkpoint.sha256, record.checkpoint.sha256);
  findings.compare("optimizer state", again.optimizerState?.sha256, record.optimizerState?.sha256);
  findings.compare("manifest", again.manifest.sha256, record.manifest.sha256);
}

async function readJournal({ store }: VerifyPorts, roundId: RoundId): Promise<Journal> {
  const found = await store.getRound(roundId);
  const task = found === undefined ? undefined : await store.getTask(found.round.taskId);
  if (found === undefined || task === undefined) throw missing(`the journal of round ${roundId}`);
  const updates = found.events.flatMap((event) => (event.type === "updates-counted" ? event.updates : []));
  const sumSha256 = found.events.filter(isCounted).at(-1)?.snapshot.sha256;
  if (sumSha256 === undefined) throw missing(`a counted update in the journal of round ${roundId}`);
  const cohort = found.events.flatMap((event) => (event.type === "cohort-selected" ? event.devices : []));
  return { round: found.round, config: task.config, cohort: new Set(cohort), updates, sumSha256 };
}

function isCounted(event: JournalEvent): event is Extract<JournalEvent, { type: "updates-counted" }> {
  return event.type === "updates-counted";
}

function checkJournal(journal: Journal, record: VersionRecord, findings: Findings): void {
  const { updates, cohort, config, round } = journal;
  const devices = new Set(updates.map(({ deviceId }) => deviceId));
  const { maxNorm } = config.update;
  findings.compare("journal's base version", round.baseVersion, record.parentVersion);
  findings.compare("journal's number of updates", updates.length, record.numUpdates);
  findings.compare("journal's number of examples", numExamplesOf(updates), record.numExamples);
  findings.compare("devices counted once", devices.size, updates.length);
  findings.compare(
    "counted devices of the cohort",
    [...devices].filter((id) => cohort.has(id)).length,
    devices.size,
  );
  const isWithin = ({ l2Norm, numExamples }: CountedUpdate): boolean =>
    l2Norm <= maxNorm && numExamples >= 1 && numExamples <= config.training.maxExamples;
  findings.compare("updates within the round's bounds", updates.filter(isWithin).length, updates.length);
}

function numExamplesOf(updates: readonly CountedUpdate[]): number {
  return updates.reduce((sum, { numExamples }) => sum + numExamples, 0);
}

async function loadParent(
  { store, blobs }: VerifyPorts,
  { model, parentVersion }: VersionRecord,
  { round }: Journal,
): Promise<LoadedVersion> {
  const parent = await store.getVersion(model as ModelName, parentVersion ?? round.baseVersion);
  if (parent === undefined || parent.deletedAtMs !== null)
    throw missing(`version ${parentVersion ?? round.baseVersion}, from which the round began`);
  return loadVersion(blobs, parent);
}

function readSum(blobs: BlobStore, { finalSum }: VersionRecord): Promise<Uint8Array> {
  if (finalSum === null) throw missing("the round's sum");
  return blobs.get(finalSum.sha256);
}

async function makeAgain(
  blobs: BlobStore,
  parts: {
    readonly record: VersionRecord;
    readonly journal: Journal;
    readonly base: LoadedVersion;
    readonly sum: Uint8Array;
  },
): Promise<VersionRecord> {
  const { record, journal, base, sum } = parts;
  const fold = new FixedPointFold(foldBounds(journal.config, base.manifest));
  try {
    fold.restore(sum);
    return await makeVersion(besides(blobs), base, {
      round: journal.round,
      meanDelta: fold.mean(),
      numUpdates: journal.updates.length,
      numExamples: numExamplesOf(journal.updates),
      provenance: record.provenance,
      finalSum: record.finalSum,
      optimizer: journal.config.serverOptimizer,
      nowMs: record.createdAtMs,
    });
  } finally {
    fold.close();
  }
}

/** Reads what is stored; what is made again stays in memory, so that it cannot repair what it is compared with. */
function besides(blobs: BlobStore): BlobStore {
  const made = createMemoryBlobStore();
  return { ...made, get: (sha256) => blobs.get(sha256), has: (sha256) => blobs.has(sha256) };
}

function missing(what: string): FedgeError {
  return new FedgeError(
    "DATA_MISSING",
    `${what} is no longer kept, so the version cannot be made again; keep more with the retention policy`,
  );
}
