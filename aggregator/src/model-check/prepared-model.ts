import type { TrainingGraphs, TrainingOptions } from "@fedge/onnx-autodiff";

/** A model as somebody hands it in, and what it is to be trained for. */
export interface ModelToPrepare {
  readonly onnx: Uint8Array;
  readonly training: TrainingOptions;
}

/** What one training step on random examples took and gave. */
export interface TrainingCheck {
  /** Examples of the step. */
  readonly batchSize: number;
  readonly loss: number;
  readonly stepMs: number;
  /** What the process grew by while the step was prepared and run. */
  readonly memoryBytes: number;
}

/** The graph that explains a model's answers, as `buildAttributionGraph` makes it, or why there is none, for people. */
export type Attribution = { readonly graph: Uint8Array } | { readonly obstacle: string };

/** A model that is differentiated and has passed one training step. */
export interface PreparedModel {
  readonly graphs: TrainingGraphs;
  readonly attribution: Attribution;
  readonly check: TrainingCheck;
}

/** Throws ONNX_… for a model that cannot be trained, and TRAINING_FAILED when a step of it fails. */
export type PrepareModel = (model: ModelToPrepare) => Promise<PreparedModel>;
