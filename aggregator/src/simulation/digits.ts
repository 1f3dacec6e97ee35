import { cnn, logistic, twoNN } from "@fedge/onnx-autodiff/zoo";
import { hash32, type ModelName } from "@fedge/protocol";
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
import type { DigitModelKind } from "./options.js";
import type { LabelledExamples } from "./workload.js";

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

const BUILD = { "2nn": twoNN, logistic, cnn } satisfies Record<
  DigitModelKind,
  (sizes: DigitSizes) => Uint8Array
>;

interface DigitSizes {
  readonly inputs: number;
  readonly classes: number;
  readonly seed: number;
}

/** A classifier of digits to import; its initial weights depend on the seed. */
export function digitsModel(model: ModelName, kind: DigitModelKind, seed: string): ModelImport {
  const sizes = { inputs: IMAGE_PIXELS, classes: NUM_CLASSES, seed: hash32(`${seed}/weights`) };
  return {
    model,
    onnx: BUILD[kind](sizes),
    training: { loss: "softmax-cross-entropy" },
  };
}

/** Held-out images as the examples of a model. */
export function heldOutImages(images: LabelledImages): LabelledExamples {
  const examples = firstExamples(images.labels.length);
  return {
    numExamples: examples.length,
    input: { elementType: "float32", exampleShape: [IMAGE_PIXELS], data: imageTensor(images, examples) },
    target: { elementType: "int64", exampleShape: [], data: labelTensor(images, examples) },
  };
}
