import { FedgeError, fromWireError, type ModelManifest } from "@fedge/protocol";
import { Worker } from "node:worker_threads";
import type { BlobStore } from "../blobs/port.js";
import type { Clock } from "../clock/clock.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { EvaluationRecord } from "../store/port.js";
import type { Evaluator } from "../tasks/ports.js";
import type { EvaluationData, EvaluationDataSource } from "./evaluation-data.js";
import type { Evaluation, EvaluationAnswer, EvaluationRequest } from "./evaluation-worker.js";

interface Pending {
  readonly resolve: (found: Evaluation | null) => void;
  readonly reject: (error: unknown) => void;
  readonly cancelDeadline: () => void;
}

export interface WorkerEvaluatorOptions {
  readonly source: EvaluationDataSource;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** Longest that one evaluation may take, waiting included; 5 minutes unless given. */
  readonly deadlineMs?: number;
  /** The thread's module; beside this one unless given. */
  readonly entry?: URL;
}

const DEFAULT_DEADLINE_MS = 5 * 60_000;

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;

/**
 * Evaluates versions on held-out data in a thread of its own, so that rounds and messages never wait for it.
 *
 * An evaluation that misses its deadline rejects with DEADLINE_EXCEEDED, and with it everything that waits behind it;
 * the next one gets a new thread. The old one ends by itself should its run ever end: the native runtime aborts the
 * process when its thread is cut off.
 */
export class WorkerEvaluator implements Evaluator {
  readonly #pending = new Map<number, Pending>();
  readonly #sent = new Map<string, EvaluationData>();
  #worker: Worker | null = null;
  #lastId = 0;
  #isClosed = false;

  constructor(private readonly options: WorkerEvaluatorOptions) {}

  async evaluate(version: VersionRecord, manifest: ModelManifest): Promise<EvaluationRecord | undefined> {
    const { source, blobs, clock } = this.options;
    const data = source(version.model, manifest);
    if (data === undefined || manifest.graphs.eval === undefined) return undefined;
    await this.#give(version.model, data);
    const found = await this.#ask({
      type: "evaluate",
      model: version.model,
      graphSha256: manifest.graphs.eval.sha256,
      graph: await blobs.get(manifest.graphs.eval.sha256),
      checkpoint: await blobs.get(version.checkpoint.sha256),
      manifest: { parameters: manifest.parameters, state: manifest.state },
    });
    if (found === null) return undefined;
    const { sums, results } = found;
    return {
      model: manifest.model,
      version: version.version,
      dataSet: data.dataSet,
      segment: "",
      numExamples: sums.numExamples,
      accuracy: sums.numCorrect === null ? null : sums.numCorrect / sums.numExamples,
      loss: sums.lossSum / sums.numExamples,
      results: results === null ? null : await blobs.put(results),
      evaluatedAtMs: clock.nowMs(),
    };
  }

  /**
   * Lets a run under way end first, within the deadline: the native runtime aborts the process when its thread is cut
   * off.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (worker === null) return;
    const { clock, deadlineMs = DEFAULT_DEADLINE_MS } = this.options;
    const exited = new Promise<void>((resolve) => {
      const cancel = clock.after(deadlineMs, resolve);
      worker.once("exit", () => (cancel(), resolve()));
    });
    worker.postMessage({ type: "close", id: 0 } satisfies EvaluationRequest);
    await exited;
    this.#ended(worker, new FedgeError("CLOSED", "the evaluator is closed"));
    worker.unref();
  }

  async #give(model: string, data: EvaluationData): Promise<void> {
    if (this.#worker !== null && this.#sent.get(model) === data) return;
    this.#sent.set(model, data);
    await this.#ask({ type: "data", model, data });
  }

  async #ask(request: Unnumbered<EvaluationRequest>): Promise<Evaluation | null> {
    // A thread that nobody ends would keep the process alive.
    if (this.#isClosed) throw new FedgeError("CLOSED", "the evaluator is closed");
    const worker = this.#worker ?? this.#start();
    const id = (this.#lastId += 1);
    const { clock, deadlineMs = DEFAULT_DEADLINE_MS } = this.options;
    return new Promise((resolve, reject) => {
      const cancelDeadline = clock.after(deadlineMs, () => this.#missed(worker, deadlineMs));
      this.#pending.set(id, { resolve, reject, cancelDeadline });
      worker.postMessage({ ...request, id });
    });
  }

  #start(): Worker {
    const worker = new Worker(this.options.entry ?? new URL("./evaluation-worker.js", import.meta.url));
    worker.on("message", (answer: EvaluationAnswer) => this.#answer(answer));
    worker.on("error", (error) => this.#ended(worker, error));
    worker.on("exit", () =>
      this.#ended(worker, new FedgeError("ENGINE_FAILED", "the evaluation thread ended")),
    );
    this.#worker = worker;
    return worker;
  }

  #missed(worker: Worker, deadlineMs: number): void {
    const message = `an evaluation took longer than ${deadlineMs} ms; its thread was replaced`;
    this.#ended(worker, new FedgeError("DEADLINE_EXCEEDED", message));
    worker.postMessage({ type: "close", id: 0 } satisfies EvaluationRequest);
    worker.unref();
  }

  #answer(answer: EvaluationAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    pending?.cancelDeadline();
    if ("error" in answer) pending?.reject(fromWireError(answer.error));
    else pending?.resolve(answer.found);
  }

  /** What a thread that was replaced before does later concerns nobody. */
  #ended(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#sent.clear();
    for (const pending of this.#pending.values()) {
      pending.cancelDeadline();
      pending.reject(error);
    }
    this.#pending.clear();
  }
}
