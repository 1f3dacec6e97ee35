import { FedgeError, fromWireError, type UpdateEncoding, type WireError } from "@fedge/protocol";
import { Worker } from "node:worker_threads";
import type { FoldSnapshotRef } from "../rounds/journal.js";
import type { Fold, FoldBounds, UpdateNorms } from "../rounds/ports.js";
import type { FoldRequest } from "./fold-worker-entry.js";

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The fold in a thread of its own, so that a large update does not hold up messages. */
export class FoldWorker implements Fold {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #end: FedgeError | null = null;

  constructor(directory: string) {
    this.#worker = new Worker(new URL("./fold-worker-entry.js", import.meta.url), {
      workerData: { directory },
    });
    this.#worker.on("message", (answer: { id: number; result?: unknown; error?: WireError }) =>
      this.#answer(answer),
    );
    this.#worker.on("error", (cause) =>
      this.#ended(new FedgeError("INTERNAL", `the fold's thread died: ${cause.message}`, { cause })),
    );
    this.#worker.on("exit", () => this.#ended(new FedgeError("CLOSED", "the fold's thread ended")));
  }

  async begin(bounds: FoldBounds): Promise<void> {
    await this.#ask({ type: "begin", bounds });
  }

  async restore(bounds: FoldBounds, snapshot: FoldSnapshotRef): Promise<void> {
    await this.#ask({ type: "restore", bounds, snapshot });
  }

  /** Takes the memory of `body` with it when the whole buffer is the update's; the caller must not read it again. */
  async check(body: Uint8Array, encoding: UpdateEncoding): Promise<UpdateNorms> {
    const isWhole = body.byteLength === body.buffer.byteLength;
    const transfer = isWhole && body.buffer instanceof ArrayBuffer ? [body.buffer] : [];
    return (await this.#ask({ type: "check", body, encoding }, transfer)) as UpdateNorms;
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

  async mean(): Promise<Float32Array> {
    return (await this.#ask({ type: "mean" })) as Float32Array;
  }

  /** Ends the thread; calls under way reject with CLOSED. Idempotent. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(request: FoldRequest, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#end !== null) return Promise.reject(this.#end);
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request }, transfer);
    });
  }

  #answer({ id, result, error }: { id: number; result?: unknown; error?: WireError }): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(fromWireError(error));
  }

  #ended(error: FedgeError): void {
    this.#end ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#end);
    this.#pending.clear();
  }
}
