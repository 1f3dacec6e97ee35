import { cnn, logistic, twoNN } from "@fedge/onnx-autodiff/zoo";
import { FedgeError, hash32, type ModelManifest, type ModelName } from "@fedge/protocol";
import type { EvaluationData } from "../evaluation/evaluation-data.js";
import type { ModelImport } from "../service.js";
import { readMnist } from "./data/mnist.js";
import {
  IMAGE_PIXELS,
  NUM_CLASSES,
  firstExamples,
  imageTensor,
  labelTensor,
  type DigitData,
  type LabelledImages,
} from "./data/labelled-images.js";
import { drawDigits } from "./data/synthetic-digits.js";
import type { ModelKind } from "./options.js";

/** As many as MNIST has for each of 100 devices, and no more in all than it has. */
const EXAMPLES_PER_DEVICE = 600;
const MAX_DRAWN = 60_000;
const DRAWN_FOR_TEST = 2000;

/** The data set of a directory, or digits drawn from the seed, enough for `numDevices`. */
export async function loadDigits(of: {
  readonly directory: string | null;
  readonly seed: string;
  readonly numDevices: number;
}): Promise<DigitData> {
  if (of.directory !== null) return readMnist(of.directory);
  const numTrain = Math.min(of.numDevices * EXAMPLES_PER_DEVICE, MAX_DRAWN);
  return drawDigits({ seed: of.seed, numTrain, numTest: DRAWN_FOR_TEST });
}

const BUILD = { "2nn": twoNN, logistic, cnn } satisfies Record<ModelKind, (sizes: DigitSizes) => Uint8Array>;

interface DigitSizes {
  readonly inputs: number;
  readonly classes: number;
  readonly seed: number;
}

/** A classifier of digits to import; its initial weights depend on the seed. */
export function digitsModel(model: ModelName, kind: ModelKind, seed: string): ModelImport {
  const sizes = { inputs: IMAGE_PIXELS, classes: NUM_CLASSES, seed: hash32(`${seed}/weights`) };
  return {
    model,
    onnx: BUILD[kind](sizes),
    training: { loss: "softmax-cross-entropy" },
  };
}

/** Names of the tensors that a digits model takes: images float32 [N, 784] and labels int64 [N]. */
export interface DigitPorts {
  readonly inputName: string;
  readonly targetName: string;
}

/** Throws MANIFEST_INVALID for a model that has no input or cannot be trained. */
export function digitPorts(manifest: Pick<ModelManifest, "inputs" | "target">): DigitPorts {
  const [input] = manifest.inputs;
  if (input === undefined || manifest.target === undefined) {
    throw new FedgeError("MANIFEST_INVALID", "the model has no input or no training target; import it again");
  }
  return { inputName: input.name, targetName: manifest.target.name };
}

/** The held-out images as the aggregator's evaluation takes them. */
export function heldOut(images: LabelledImages, ports: DigitPorts): EvaluationData {
  const examples = firstExamples(images.labels.length);
  return {
    dataSet: "held-out",
    numExamples: examples.length,
    inputs: [
      {
        name: ports.inputName,
        elementType: "float32",
        exampleShape: [IMAGE_PIXELS],
        data: imageTensor(images, examples),
      },
    ],
    target: {
      name: ports.targetName,
      elementType: "int64",
      exampleShape: [],
      data: labelTensor(images, examples),
    },
  };
}
