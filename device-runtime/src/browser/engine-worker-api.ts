import type { ModelManifest, NamedTensor, WireError } from "@fedge/protocol";
import type { TensorValues, TrainingRequest, TrainingResult } from "../core/ports/engine.js";

/** Errors are values: comlink would lose their codes. */
export type Answer<T> = { readonly result: T } | { readonly error: WireError };

/** One version to serve. */
export interface Bundle {
  readonly manifest: ModelManifest;
  readonly program: Uint8Array;
  readonly tensors: readonly NamedTensor[];
}

/** What an engine worker offers its page. Sessions and trainings have numbers that the page chooses. */
export interface EngineWorkerApi {
  /** Name and version of the runtime. */
  start(): Promise<Answer<{ readonly name: string }>>;
  load(session: number, bundle: Bundle): Promise<Answer<null>>;
  run(session: number, inputs: TensorValues): Promise<Answer<TensorValues>>;
  unload(session: number): Promise<Answer<null>>;
  train(training: number, request: TrainingRequest): Promise<Answer<TrainingResult>>;
  stop(training: number): void;
}
