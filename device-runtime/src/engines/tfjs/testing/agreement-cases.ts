import type { Examples, TrainingRequest } from "../../../core/ports/engine.js";
import type { TfjsRuntime } from "../runtime.js";
import { fixtureOf, requestOf, type FixtureOptions } from "./layers-models.js";

const NUM_EXAMPLES = 12;
const NUM_CLASSES = 3;

const image = (size: number): Examples["target"] => ({
  shape: [NUM_EXAMPLES, size, size, 2],
  data: Float32Array.from({ length: NUM_EXAMPLES * size * size * 2 }, (_, at) => Math.sin(1.7 * at)),
});
const series: Examples["target"] = {
  shape: [NUM_EXAMPLES, 6, 3],
  data: Float32Array.from({ length: NUM_EXAMPLES * 18 }, (_, at) => Math.sin(1.7 * at)),
};
const words: Examples["target"] = {
  shape: [NUM_EXAMPLES, 6],
  data: BigInt64Array.from({ length: NUM_EXAMPLES * 6 }, (_, at) => BigInt((at * 5) % 11)),
};
const row: Examples["target"] = {
  shape: [NUM_EXAMPLES, 6],
  data: Float32Array.from({ length: NUM_EXAMPLES * 6 }, (_, at) => Math.sin(1.7 * at)),
};

/** What is trained, its inputs, and the layers before the last one. */
export type AgreementCase = readonly [string, Examples["target"], FixtureOptions["layers"]];

/** Models that between them have every layer whose gradients an engine needs. */
export const AGREEMENT_CASES: readonly AgreementCase[] = [
  ["dense", row, (create) => [create.dense({ units: 8, inputShape: [6], activation: "relu" })]],
  [
    "convolution, pooling and dense",
    image(8),
    (create) => [
      create.conv2d({
        filters: 4,
        kernelSize: 3,
        inputShape: [8, 8, 2],
        padding: "same",
        activation: "relu",
      }),
      create.maxPooling2d({ poolSize: 2 }),
      create.conv2d({ filters: 3, kernelSize: 3, strides: 2, activation: "tanh" }),
      create.flatten(),
    ],
  ],
  [
    "embedding and GRU",
    words,
    (create) => [
      create.embedding({ inputDim: 11, outputDim: 4, inputLength: 6 }),
      create.gru({ units: 5, recurrentInitializer: "zeros" }),
    ],
  ],
  [
    "masked embedding and LSTM",
    words,
    (create) => [
      create.embedding({ inputDim: 11, outputDim: 4, inputLength: 6, maskZero: true }),
      create.lstm({ units: 5, recurrentInitializer: "zeros" }),
    ],
  ],
  [
    "simple RNN",
    series,
    (create) => [create.simpleRNN({ units: 5, inputShape: [6, 3], recurrentInitializer: "zeros" })],
  ],
  [
    "separable and depthwise convolution with batch normalization",
    image(7),
    (create) => [
      create.separableConv2d({ filters: 4, kernelSize: 3, inputShape: [7, 7, 2] }),
      create.batchNormalization(),
      create.depthwiseConv2d({ kernelSize: 2, padding: "same", activation: "elu" }),
      create.averagePooling2d({ poolSize: 2 }),
      create.globalAveragePooling2d({}),
    ],
  ],
  [
    "1-D convolution with pooling and layer normalization",
    series,
    (create) => [
      create.conv1d({ filters: 4, kernelSize: 3, inputShape: [6, 3], padding: "same" }),
      create.layerNormalization(),
      create.maxPooling1d({ poolSize: 2 }),
      create.averagePooling1d({ poolSize: 2, strides: 1 }),
      create.globalMaxPooling1d({}),
    ],
  ],
];

/** Five full steps on the case's model with a dense layer behind it, for three classes. */
export function agreementRequest(runtime: TfjsRuntime, [, input, layers]: AgreementCase): TrainingRequest {
  const isText = input.data instanceof BigInt64Array;
  const fixture = fixtureOf(runtime, {
    loss: "softmax-cross-entropy",
    targetType: "int64",
    inputType: isText ? "int64" : "float32",
    layers: (create) => [...layers(create), create.dense({ units: NUM_CLASSES })],
  });
  const inputs = { [fixture.manifest.inputs[0]?.name ?? ""]: input };
  const classes = BigInt64Array.from({ length: NUM_EXAMPLES }, (_, at) => BigInt(at % NUM_CLASSES));
  const target = { shape: [NUM_EXAMPLES], data: classes };
  const plan = { epochs: 5, batchSize: NUM_EXAMPLES, learningRate: 0.1 };
  return requestOf(fixture, plan, { numExamples: NUM_EXAMPLES, inputs, target });
}

/** Largest of the first update, and the largest distance of the second from it. */
export function distanceOf(
  one: Float32Array,
  other: Float32Array,
): { readonly largest: number; readonly apart: number } {
  const largest = one.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = one.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? Infinity))), 0);
  return { largest, apart };
}
