import { beforeAll, describe, expect, test } from "vitest";
import type { Examples, TrainingRequest } from "../../core/ports/engine.js";
import { loadTfjsRuntime, NODE_BACKENDS } from "../../node/tfjs-runtime.js";
import { createTfjsTrainer, type TfjsRuntime } from "./index.js";
import { fixtureOf, requestOf, type FixtureOptions } from "./testing/layers-models.js";

const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
const NUM_EXAMPLES = 12;

let runtime: TfjsRuntime;
beforeAll(async () => {
  await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind === "cpu"));
  ({ runtime } = await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind === "wasm")));
});

async function deltaOn(backend: string, request: TrainingRequest): Promise<Float32Array> {
  await runtime.core.setBackend(backend);
  const yieldToOthers = (): Promise<void> => Promise.resolve();
  const trainer = createTfjsTrainer(runtime, { nowMs: () => performance.now(), yieldToOthers });
  try {
    return (await trainer.train(request, never)).delta;
  } finally {
    await trainer.close();
  }
}

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

type Case = [string, Examples["target"], FixtureOptions["layers"]];
const cases: Case[] = [
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

/*
 * 1e-5 of what the largest weight moves by: five steps of float32 sums in another order. The JavaScript backend is
 * another implementation of every kernel.
 */
describe.each(cases)("five steps of %s", (_, input, layers) => {
  test("move the weights alike on WASM and on the JavaScript backend", async () => {
    const isText = input.data instanceof BigInt64Array;
    const fixture = fixtureOf(runtime, {
      loss: "softmax-cross-entropy",
      targetType: "int64",
      inputType: isText ? "int64" : "float32",
      layers: (create) => [...layers(create), create.dense({ units: 3 })],
    });
    const inputs = { [fixture.manifest.inputs[0]?.name ?? ""]: input };
    const classes = BigInt64Array.from({ length: NUM_EXAMPLES }, (_, at) => BigInt(at % 3));
    const target = { shape: [NUM_EXAMPLES], data: classes };
    const plan = { epochs: 5, batchSize: NUM_EXAMPLES, learningRate: 0.1 };
    const request = requestOf(fixture, plan, { numExamples: NUM_EXAMPLES, inputs, target });

    const [cpu, wasm] = [await deltaOn("cpu", request), await deltaOn("wasm", request)];

    const largest = cpu.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const apart = cpu.reduce((most, value, at) => Math.max(most, Math.abs(value - (wasm[at] ?? 0))), 0);
    expect(largest).toBeGreaterThan(1e-3);
    expect(apart).toBeLessThanOrEqual(1e-5 * Math.max(1, largest));
  });
});
