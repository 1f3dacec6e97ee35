import { FedgeError, fromWireError, type ModelManifest } from "@fedge/protocol";
import { Worker } from "node:worker_threads";
import type { BlobStore } from "../blobs/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { EvaluationRecord } from "../store/port.js";
import type { Evaluator } from "../tasks/ports.js";
import type { EvaluationSums } from "./evaluate.js";
import type { EvaluationData, EvaluationDataSource } from "./evaluation-data.js";
import type { EvaluationAnswer, EvaluationRequest } from "./evaluation-worker.js";

interface Pending {
  readonly resolve: (sums: EvaluationSums | null) => void;
  readonly reject: (error: unknown) => void;
}

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;

/** Evaluates versions on held-out data in a thread of its own, so that rounds and messages never wait for it. */
export class WorkerEvaluator implements Evaluator {
  readonly #pending = new Map<number, Pending>();
  readonly #sent = new Map<string, EvaluationData>();
  #worker: Worker | null = null;
  #lastId = 0;

  constructor(
    private readonly source: EvaluationDataSource,
    private readonly blobs: BlobStore,
    private readonly nowMs: () => number,
  ) {}

  async evaluate(version: VersionRecord, manifest: ModelManifest): Promise<EvaluationRecord | undefined> {
    const data = this.source(version.model, manifest);
    if (data === undefined || manifest.graphs.eval === undefined) return undefined;
    await this.#give(version.model, data);
    const sums = await this.#ask({
      type: "evaluate",
      model: version.model,
      graphSha256: manifest.graphs.eval.sha256,
      graph: await this.blobs.get(manifest.graphs.eval.sha256),
      checkpoint: await this.blobs.get(version.checkpoint.sha256),
      manifest: { parameters: manifest.parameters, state: manifest.state },
    });
    if (sums === null) return undefined;
    return {
      model: manifest.model,
      version: version.version,
      dataSet: data.dataSet,
      numExamples: sums.numExamples,
      accuracy: sums.numCorrect === null ? null : sums.numCorrect / sums.numExamples,
      loss: sums.lossSum / sums.numExamples,
      evaluatedAtMs: this.nowMs(),
    };
  }

  /** Lets a run under way end first: the native runtime aborts the process when its thread is cut off. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    worker.postMessage({ type: "close", id: 0 } satisfies EvaluationRequest);
    await exited;
  }

  async #give(model: string, data: EvaluationData): Promise<void> {
    if (this.#worker !== null && this.#sent.get(model) === data) return;
    this.#sent.set(model, data);
    await this.#ask({ type: "data", model, data });
  }

  #ask(request: Unnumbered<EvaluationRequest>): Promise<EvaluationSums | null> {
    const worker = this.#worker ?? this.#start();
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ ...request, id });
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("./evaluation-worker.js", import.meta.url));
    worker.on("message", (answer: EvaluationAnswer) => this.#answer(answer));
    worker.on("error", (error) => this.#died(error));
    worker.on("exit", () => this.#died(new FedgeError("ENGINE_FAILED", "the evaluation thread ended")));
    this.#worker = worker;
    return worker;
  }

  #answer(answer: EvaluationAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ("error" in answer) pending?.reject(fromWireError(answer.error));
    else pending?.resolve(answer.sums);
  }

  #died(error: unknown): void {
    this.#worker = null;
    this.#sent.clear();
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}
