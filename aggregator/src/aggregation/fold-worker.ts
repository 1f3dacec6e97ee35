import { FedgeError, fromWireError, type UpdateEncoding } from "@fedge/protocol";
import { Worker } from "node:worker_threads";
import type { Clock } from "../clock/clock.js";
import { createSystemClock } from "../clock/system-clock.js";
import type { FoldSnapshotRef } from "../rounds/journal.js";
import type { Fold, FoldBounds } from "../rounds/ports.js";
import type { FoldAnswer, FoldRequest, FoldThreadData } from "./fold-worker-entry.js";
import type { UpdateFindings } from "./fold.js";

export interface FoldWorkerOptions {
  readonly clock?: Clock;
  /** Longest that one call may take, waiting included. */
  readonly deadlineMs?: number;
  /** Makes snapshots survive a power cut, not only `kill -9`; each then waits for the disk. */
  readonly isForcedToDisk?: boolean;
  /** Where the thread's module lies when an application was bundled; beside this one unless given. */
  readonly entry?: URL;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly cancelDeadline: () => void;
}

const DEFAULT_DEADLINE_MS = 60_000;

/**
 * The fold in a thread of its own, so that a large update does not hold up messages. Its snapshots are written and
 * read there, in `directory`, and never pass through the calling thread.
 *
 * When the thread dies or one call misses its deadline, that call and all others reject, then and from then on:
 * nobody could say any more what the sum holds. Continue with a new worker and the last snapshot.
 */
export class FoldWorker implements Fold {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #end: FedgeError | null = null;

  constructor(directory: string, options: FoldWorkerOptions = {}) {
    this.#clock = options.clock ?? createSystemClock();
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#worker = new Worker(options.entry ?? new URL("./fold-worker-entry.js", import.meta.url), {
      workerData: { directory, isForcedToDisk: options.isForcedToDisk ?? false } satisfies FoldThreadData,
    });
    this.#worker.on("message", (answer: FoldAnswer) => this.#answer(answer));
    this.#worker.on("error", (cause) =>
      this.#ended(new FedgeError("INTERNAL", `the fold's thread died: ${cause.message}`, { cause })),
    );
    this.#worker.on("exit", (exitCode) =>
      this.#ended(new FedgeError("INTERNAL", `the fold's thread ended with exit code ${exitCode}`)),
    );
  }

  async begin(bounds: FoldBounds): Promise<void> {
    await this.#ask({ type: "begin", bounds });
  }

  async restore(bounds: FoldBounds, snapshot: FoldSnapshotRef): Promise<void> {
    await this.#ask({ type: "restore", bounds, snapshot });
  }

  /** Takes the memory of `body` with it when the whole buffer is the update's; the caller must not read it again. */
  async check(body: Uint8Array, encoding: UpdateEncoding): Promise<UpdateFindings> {
    const own = ownBuffer(body);
    return (await this.#ask({ type: "check", body: own, encoding }, [own.buffer])) as UpdateFindings;
  }

  async add(numExamples: number): Promise<void> {
    await this.#ask({ type: "add", numExamples });
  }

  async snapshot(fileName: string): Promise<FoldSnapshotRef> {
    return (await this.#ask({ type: "snapshot", fileName })) as FoldSnapshotRef;
  }

  async forgetSnapshot(fileName: string): Promise<void> {
    await this.#ask({ type: "forget-snapshot", fileName });
  }

  async readSnapshot(snapshot: FoldSnapshotRef): Promise<Uint8Array> {
    return (await this.#ask({ type: "read-snapshot", snapshot })) as Uint8Array;
  }

  async mean(): Promise<Float32Array> {
    return (await this.#ask({ type: "mean" })) as Float32Array;
  }

  /** Ends the thread; calls under way and later ones reject with CLOSED. Idempotent. */
  async close(): Promise<void> {
    this.#ended(new FedgeError("CLOSED", "the fold is closed"));
    await this.#worker.terminate();
  }

  #ask(request: FoldRequest, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#end !== null) return Promise.reject(this.#end);
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ id, request }, transfer);
      const cancelDeadline = this.#clock.after(this.#deadlineMs, () => this.#missed(request));
      this.#pending.set(id, { resolve, reject, cancelDeadline });
    });
  }

  #answer({ id, result, error }: FoldAnswer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.cancelDeadline();
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(fromWireError(error));
  }

  #missed(request: FoldRequest): void {
    const message = `the fold took longer than ${this.#deadlineMs} ms to ${request.type}`;
    this.#ended(new FedgeError("DEADLINE_EXCEEDED", message));
    void this.#worker.terminate();
  }

  /** The first reason stays; everything that waits learns it. */
  #ended(error: FedgeError): void {
    this.#end ??= error;
    for (const pending of this.#pending.values()) {
      pending.cancelDeadline();
      pending.reject(this.#end);
    }
    this.#pending.clear();
  }
}

/** A view posted to a thread takes its whole buffer along: a part of a larger buffer is copied out first. */
function ownBuffer(body: Uint8Array): Uint8Array<ArrayBuffer> {
  // A buffer that was moved away before has no bytes; posting it again would lose the message without a word.
  if (body.byteLength === 0) return new Uint8Array(0);
  const isWhole = body.buffer instanceof ArrayBuffer && body.byteLength === body.buffer.byteLength;
  return isWhole ? (body as Uint8Array<ArrayBuffer>) : new Uint8Array(body);
}
