import { FedgeError, type DeviceId, type Report } from "@fedge/protocol";
import type { CountedUpdate, FoldSnapshotRef } from "./journal.js";
import type { Fold } from "./ports.js";
import { checkNorms } from "./update-check.js";

export interface FoldQueueOptions {
  readonly fold: Fold;
  readonly maxNorm: number;
  readonly sha256: (bytes: Uint8Array) => string;
  /** A fresh name for the next snapshot of this round. */
  readonly snapshotName: () => string;
  readonly nowMs: () => number;
  /** Told how long it took to check an update and to add it. */
  readonly folded: (seconds: number) => void;
  /** Makes it durable that these are counted; false when that failed. */
  readonly counted: (updates: readonly CountedUpdate[], snapshot: FoldSnapshotRef) => Promise<boolean>;
  readonly refused: (deviceId: DeviceId, error: unknown) => void;
  readonly failed: (error: unknown) => void;
}

interface Arrival {
  readonly deviceId: DeviceId;
  readonly report: Report;
  readonly body: Uint8Array;
}

/**
 * Checks and folds whole updates one after the other, and keeps the sum in a snapshot after every batch: an update
 * is counted when the snapshot that holds it is durable. Only sums ever touch the disk, never one device's update.
 */
export class FoldQueue {
  readonly #bodies = new Map<DeviceId, Uint8Array>();
  #arrivals: Arrival[] = [];
  #isRunning = false;
  #isClosed = false;
  #lastSnapshot: string | null;

  constructor(
    private readonly options: FoldQueueOptions,
    lastSnapshot: FoldSnapshotRef | null,
  ) {
    this.#lastSnapshot = lastSnapshot?.fileName ?? null;
  }

  /** Keeps the bytes of a device until the round decides to fold them. */
  hold(deviceId: DeviceId, body: Uint8Array): void {
    this.#bodies.set(deviceId, body);
  }

  add(deviceId: DeviceId, report: Report): void {
    const body = this.#bodies.get(deviceId);
    this.#bodies.delete(deviceId);
    if (body === undefined || this.#isClosed) return;
    this.#arrivals.push({ deviceId, report, body });
    if (!this.#isRunning) void this.#drain().catch(this.options.failed);
  }

  /** Drops what waits; a batch under way ends without being counted. */
  close(): void {
    this.#isClosed = true;
    this.#arrivals = [];
    this.#bodies.clear();
  }

  async #drain(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#arrivals.length > 0) await this.#foldBatch();
    } finally {
      this.#isRunning = false;
    }
  }

  async #foldBatch(): Promise<void> {
    const counted: CountedUpdate[] = [];
    const batch = this.#arrivals;
    this.#arrivals = [];
    for (const arrival of batch) {
      const update = await this.#foldOne(arrival);
      if (update !== null) counted.push(update);
    }
    if (counted.length > 0 && !this.#isClosed) await this.#keep(counted);
  }

  async #foldOne({ deviceId, report, body }: Arrival): Promise<CountedUpdate | null> {
    const startedAtMs = this.options.nowMs();
    try {
      if (this.options.sha256(body) !== report.update.sha256)
        throw new FedgeError("BLOB_HASH_MISMATCH", "update differs from its hash");
      const sizeBytes = body.byteLength;
      const norms = await this.options.fold.check(body, report.update.encoding);
      checkNorms(norms, this.options.maxNorm);
      // The fold may be another round's by now.
      if (this.#isClosed) return null;
      await this.options.fold.add(report.numExamples);
      this.options.folded((this.options.nowMs() - startedAtMs) / 1000);
      const { trainMs, lossBefore, lossAfter } = report.metrics;
      return {
        deviceId,
        sha256: report.update.sha256,
        numExamples: report.numExamples,
        sizeBytes,
        l2Norm: norms.l2Norm,
        lossBefore,
        lossAfter,
        trainMs,
      };
    } catch (error) {
      if (!isFaultOfUpdate(error)) throw error;
      this.options.refused(deviceId, error);
      return null;
    }
  }

  async #keep(counted: readonly CountedUpdate[]): Promise<void> {
    const snapshot = await this.options.fold.snapshot(this.options.snapshotName());
    // The journal names the snapshot before this one until it names this one.
    if (!(await this.options.counted(counted, snapshot))) return;
    if (this.#lastSnapshot !== null) await this.options.fold.forgetSnapshot(this.#lastSnapshot);
    this.#lastSnapshot = snapshot.fileName;
  }
}

/** Anything else is the fold's own failure, and no device's. */
function isFaultOfUpdate(error: unknown): boolean {
  return (
    error instanceof FedgeError && (error.code.startsWith("UPDATE_") || error.code === "BLOB_HASH_MISMATCH")
  );
}
