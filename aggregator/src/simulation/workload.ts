import { numValues, type ModelManifest } from "@fedge/protocol";
import { FedgeError } from "@fedge/protocol";
import type { EvaluationData } from "../evaluation/evaluation-data.js";
import type { ModelImport } from "../service.js";
import type { ArrangedExamples } from "./fleet/fleet-examples.js";

/** Examples row after row: one tensor for all of them. */
export interface ExampleTensor {
  readonly elementType: "float32" | "int64";
  /** Sizes of one example, without the batch. */
  readonly exampleShape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** Labelled examples in the order of the rows. */
export interface LabelledExamples {
  readonly numExamples: number;
  readonly input: ExampleTensor;
  readonly target: ExampleTensor;
}

/** What a simulated fleet learns. */
export interface Workload {
  /** Its initial weights depend on the seed. */
  readonly model: ModelImport;
  readonly fleet: ArrangedExamples;
  /** No device sees them. */
  readonly heldOut: LabelledExamples;
}

/** Names of a model's input and target. */
export interface ModelPorts {
  readonly inputName: string;
  readonly targetName: string;
}

/** Throws MANIFEST_INVALID for a model that has no input or cannot be trained. */
export function portsOf(manifest: Pick<ModelManifest, "inputs" | "target">): ModelPorts {
  const [input] = manifest.inputs;
  if (input === undefined || manifest.target === undefined) {
    throw new FedgeError("MANIFEST_INVALID", "the model has no input or no training target; import it again");
  }
  return { inputName: input.name, targetName: manifest.target.name };
}

/** Held-out examples as the aggregator's evaluation takes them. */
export function evaluationDataOf(examples: LabelledExamples, ports: ModelPorts): EvaluationData {
  const { numExamples, input, target } = examples;
  return {
    dataSet: "held-out",
    numExamples,
    inputs: [{ name: ports.inputName, ...input }],
    target: { name: ports.targetName, ...target },
  };
}

/** Some rows of a tensor, without copying. */
export function rowsOf(
  { exampleShape, data }: ExampleTensor,
  first: number,
  end: number,
): { readonly shape: readonly number[]; readonly data: Float32Array | BigInt64Array } {
  const width = numValues(exampleShape);
  return { shape: [end - first, ...exampleShape], data: data.subarray(first * width, end * width) };
}
