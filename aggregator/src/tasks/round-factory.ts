import {
  encodedUpdateBytes,
  errorCodeOf,
  numScalars,
  uploadTopic,
  type BlobRef,
  type DeviceId,
  type RoundDown,
} from "@fedge/protocol";
import { FoldQueue } from "../rounds/fold-queue.js";
import type { Provenance, VersionRecord } from "../rounds/journal.js";
import { countedUpdates } from "../rounds/round-journal.js";
import { RoundRunner, type RoundOutcome } from "../rounds/round-runner.js";
import type { RoundState } from "../rounds/round-state.js";
import { Uploads } from "../rounds/uploads.js";
import type { TaskPorts } from "./ports.js";
import type { TaskConfig } from "./task-config.js";
import { makeVersion, type LoadedVersion } from "./version-maker.js";

/** Updates in memory at once; with the sum itself they bound what a round can take, whatever the cohort. */
export const UPLOAD_SLOTS = 8;
const UPLOAD_IDLE_MS = 60_000;

export interface RoundParts {
  readonly ports: TaskPorts;
  readonly config: TaskConfig;
  readonly base: LoadedVersion;
  readonly numJournaled: number;
  /** Awaited before a version is made. */
  readonly beforeCommit: () => Promise<void>;
  /** False when the task needs no further version. */
  readonly isWanted: () => boolean;
  readonly onSelectionExpired: () => void;
  readonly onFinished: (state: RoundState) => void;
  readonly onHalted: (error: unknown) => void;
}

/** A round with its uploads, its fold and its way to a version wired together. */
export function createRoundRunner(state: RoundState, parts: RoundParts): RoundRunner {
  const { ports, config, base } = parts;
  const queue = (runner: RoundRunner): FoldQueue => createFoldQueue(runner, state, parts);
  let foldQueue: FoldQueue | null = null;
  return new RoundRunner(state, {
    ports,
    config,
    numParameters: numScalars(base.manifest.parameters),
    numJournaled: parts.numJournaled,
    foldQueue: (runner) => (foldQueue = queue(runner)),
    uploads: (runner) => createUploads(runner, parts, (deviceId, body) => foldQueue?.hold(deviceId, body)),
    assignment: (deviceId) => assignmentOf(deviceId, state, parts),
    aggregate: (runner) => aggregate(runner, parts),
    onChange: () =>
      ports.emit({ type: "round-changed", taskId: config.taskId, roundId: state.record.roundId }),
    onSelectionExpired: parts.onSelectionExpired,
    onFinished: parts.onFinished,
    onHalted: parts.onHalted,
  });
}

function createUploads(
  runner: RoundRunner,
  parts: RoundParts,
  hold: (deviceId: DeviceId, body: Uint8Array) => void,
): Uploads {
  return new Uploads(runner.state.record.roundId, {
    clock: parts.ports.clock,
    idleMs: UPLOAD_IDLE_MS,
    listener: {
      complete: (deviceId, body) => {
        hold(deviceId, body);
        void runner.dispatch({ type: "received", deviceId });
      },
      stalled: (deviceId) => void runner.dispatch({ type: "upload-stalled", deviceId }),
    },
  });
}

function createFoldQueue(runner: RoundRunner, state: RoundState, { ports, config }: RoundParts): FoldQueue {
  let serial = state.snapshot === null ? 0 : Number(state.snapshot.fileName.split(".").at(-2) ?? 0);
  const atMs = (): number => ports.clock.nowMs();
  const options = {
    fold: ports.fold,
    maxNorm: config.update.maxNorm,
    sha256: ports.sha256,
    nowMs: ports.nowMs,
    folded: (seconds) => ports.counters.observe("fedge_fold_seconds", seconds),
    snapshotName: () => `${state.record.roundId}.${(serial += 1)}.fold`,
    counted: (updates, snapshot) =>
      runner.dispatch({ type: "updates-counted", atMs: atMs(), updates, snapshot }),
    refused: (deviceId, error) => runner.refuse(deviceId, error),
    failed: (error) => {
      ports.logger.error({ err: error, roundId: state.record.roundId }, "updates cannot be folded");
      void runner.dispatch({ type: "stopped", atMs: atMs(), reason: "aggregation-failed" });
    },
  } satisfies ConstructorParameters<typeof FoldQueue>[0];
  return new FoldQueue(options, state.snapshot);
}

function assignmentOf(deviceId: DeviceId, state: RoundState, { ports, config, base }: RoundParts): RoundDown {
  const { epochs, batchSize, learningRate, proximalMu, maxExamples } = config.training;
  const { encoding } = config.update;
  return {
    type: "assigned",
    taskId: config.taskId,
    roundId: state.record.roundId,
    attempt: 1,
    model: config.model,
    baseVersion: base.record.version,
    manifest: base.record.manifest,
    plan: {
      epochs,
      batchSize,
      learningRate,
      proximalMu,
      maxExamples,
      seed: `${config.seed}/${state.record.number}`,
    },
    upload: {
      encoding,
      topic: uploadTopic(ports.tenantId, deviceId, 0),
      maxBytes: encodedUpdateBytes(numScalars(base.manifest.parameters), encoding),
    },
    reportWithinMs: config.round.reportingDeadlineMs,
  };
}

/** Mean, server optimizer, version: committed together with the round's last journal entry, or not at all. */
async function aggregate(runner: RoundRunner, parts: RoundParts): Promise<() => Promise<RoundOutcome>> {
  const { ports, base, config } = parts;
  await parts.beforeCommit();
  if (!parts.isWanted()) {
    return () => Promise.resolve({ type: "stopped", atMs: ports.clock.nowMs(), reason: "task-stopped" });
  }
  const startedAtMs = ports.nowMs();
  const counted = countedUpdates(runner.state);
  const version = await makeVersion(ports.blobs, base, {
    round: runner.state.record,
    meanDelta: await ports.fold.mean(),
    provenance: provenanceOf(runner.state, ports),
    finalSum: await keepSum(runner.state, ports),
    numUpdates: counted.length,
    numExamples: counted.reduce((sum, update) => sum + update.numExamples, 0),
    optimizer: config.serverOptimizer,
    nowMs: startedAtMs,
  });
  return () => commit(runner, version, { ports, startedAtMs });
}

function provenanceOf(state: RoundState, ports: TaskPorts): Provenance {
  const firstMs = state.record.openedAtMs;
  return {
    cohortSize: state.members.size,
    privacySpent: null,
    dataWindow: { firstMs, lastMs: Math.max(firstMs, ports.nowMs()) },
    codeVersion: ports.codeVersion,
    signer: null,
  };
}

/** The sum of all counted updates as a blob, so that the version can be made again from it; a round goes on without. */
async function keepSum(state: RoundState, { fold, blobs, logger }: TaskPorts): Promise<BlobRef | null> {
  if (state.snapshot === null) return null;
  try {
    return await blobs.put(await fold.readSnapshot(state.snapshot));
  } catch (error) {
    if (!["MESSAGE_TOO_LARGE", "DATA_CORRUPT"].includes(errorCodeOf(error))) throw error;
    const { roundId } = state.record;
    logger.warn({ err: error, roundId }, "a round's sum is not kept; its version cannot be made again");
    return null;
  }
}

async function commit(
  runner: RoundRunner,
  version: VersionRecord,
  { ports, startedAtMs }: { readonly ports: TaskPorts; readonly startedAtMs: number },
): Promise<RoundOutcome> {
  const event = { type: "version-committed", atMs: ports.clock.nowMs(), version: version.version } as const;
  const ended = { outcome: "committed", version: version.version, closedAtMs: event.atMs } as const;
  const summary = { ...runner.summary(), ...ended };
  const { roundId } = runner.state.record;
  await ports.store.commitVersion({ version, round: { roundId, seq: runner.numJournaled, event, summary } });
  ports.counters.observe("fedge_aggregation_seconds", (ports.nowMs() - startedAtMs) / 1000);
  // Its bytes are a blob by now, and no restart will continue it.
  if (runner.state.snapshot !== null) await ports.fold.forgetSnapshot(runner.state.snapshot.fileName);
  return event;
}
