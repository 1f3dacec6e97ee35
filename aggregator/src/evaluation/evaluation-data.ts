import type { ModelManifest, PortShape } from "@fedge/protocol";

/** Labelled examples that the server holds for one model; rows are examples, row-major. */
export interface EvaluationData {
  /** Names the set in the evaluation store. */
  readonly dataSet: string;
  readonly numExamples: number;
  readonly inputs: readonly EvaluationTensor[];
  readonly target: EvaluationTensor;
}

export interface EvaluationTensor {
  readonly name: string;
  readonly elementType: PortShape["elementType"];
  /** Scalars of one example, without the batch dimension. */
  readonly exampleShape: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array;
}

/** Gives the data for a model, or undefined when the server holds none. */
export type EvaluationDataSource = (model: string, manifest: ModelManifest) => EvaluationData | undefined;
