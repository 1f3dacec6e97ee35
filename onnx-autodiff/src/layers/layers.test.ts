import { createRandom } from "@fedge/protocol";
import * as core from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { convertLayersModel } from "./convert-layers-model.js";
import { kerasModel } from "./testing/keras-model.js";

type Build = Parameters<typeof kerasModel>[0];

beforeAll(() => core.setBackend("cpu"));

/** Predictions of both programs for a batch; `highest` bounds inputs that are indices. */
async function bothPredict(build: Build, batch: number, highest?: number) {
  const { model, source } = kerasModel(build);
  const session = await InferenceSession.create(convertLayersModel(source).onnx);
  const random = createRandom(`inputs ${batch}`);
  const values = model.inputs.map(({ shape }) => {
    const sizes = [batch, ...shape.slice(1).map((size) => size ?? 5)];
    const length = sizes.reduce((product, size) => product * size, 1);
    const draw = (): number =>
      highest === undefined ? 2 * random.unit() - 1 : Math.floor(random.unit() * highest);
    return { sizes, data: Array.from({ length }, draw) };
  });
  const type = highest === undefined ? "float32" : "int32";
  const expected = [
    model.predict(values.map(({ data, sizes }) => core.tensor(data, sizes, type))),
  ].flat() as core.Tensor[];
  const feeds = model.inputNames.map((name, at) => {
    const { data, sizes } = values[at] ?? { data: [], sizes: [] };
    const array = highest === undefined ? Float32Array.from(data) : Int32Array.from(data);
    return [name, new Tensor(type, array as never, sizes)];
  });
  const given = await session.run(Object.fromEntries(feeds));
  return expected.map((tensor, at) => {
    const output = given[model.outputNames[at] ?? ""] as Tensor;
    return { expected: tensor, given: output };
  });
}

function expectAlike(outputs: Awaited<ReturnType<typeof bothPredict>>): void {
  for (const { expected, given } of outputs) {
    expect(given.dims).toEqual(expected.shape);
    const numbers = expected.dataSync() as Float32Array;
    const apart = numbers.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - Number(given.data[at])) / (1 + Math.abs(value))),
      0,
    );
    expect(apart).toBeLessThan(1e-5);
    // All alike, such as a row of zeros, would say nothing.
    if (numbers.length > 1) expect(new Set(numbers).size).toBeGreaterThan(1);
  }
}

const image = { inputShape: [7, 6, 3] };
const series = { inputShape: [6, 3] };
const row = { inputShape: [6] };
const zeros = { recurrentInitializer: "zeros" } as const;

const ACTIVATIONS = [
  ...["elu", "hardSigmoid", "linear", "relu", "relu6", "selu", "sigmoid", "softmax", "softplus", "softsign"],
  ...["tanh", "swish", "mish", "gelu", "gelu_new"],
] as const;

const CASES: readonly (readonly [string, Build])[] = [
  ["Dense", (l) => [l.dense({ units: 4, ...row })]],
  ["Dense without bias on steps", (l) => [l.dense({ units: 4, useBias: false, ...series })]],
  ...ACTIVATIONS.map((activation): readonly [string, Build] => [
    `Dense with ${activation}`,
    (l) => [l.dense({ units: 4, activation: activation as "relu", ...row })],
  ]),
  [
    "Activation behind Conv2D",
    (l) => [l.conv2d({ filters: 2, kernelSize: 3, ...image }), l.activation({ activation: "softmax" })],
  ],
  ["ReLU with a bound", (l) => [l.reLU({ maxValue: 0.5, ...row })]],
  ["LeakyReLU", (l) => [l.leakyReLU({ alpha: 0.2, ...row })]],
  ["ELU", (l) => [l.elu({ ...row })]],
  ["ThresholdedReLU", (l) => [l.thresholdedReLU({ theta: 0.3, ...row })]],
  ["PReLU with shared axes", (l) => [l.prelu({ sharedAxes: [1, 2], ...image })]],
  ["PReLU", (l) => [l.prelu({ ...series })]],
  ["Softmax", (l) => [l.softmax({ ...row })]],
  ...(["valid", "same"] as const).flatMap((padding): (readonly [string, Build])[] => [
    [`Conv1D ${padding}`, (l) => [l.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding, ...series })]],
    [
      `Conv1D dilated, ${padding}`,
      (l) => [l.conv1d({ filters: 4, kernelSize: 2, dilationRate: 2, padding, ...series })],
    ],
    [
      `Conv2D ${padding}`,
      (l) => [l.conv2d({ filters: 4, kernelSize: [3, 2], padding, activation: "relu", ...image })],
    ],
    [
      `Conv2D with strides, ${padding}`,
      (l) => [l.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding, ...image })],
    ],
    [
      `Conv2D dilated, ${padding}`,
      (l) => [l.conv2d({ filters: 4, kernelSize: 2, dilationRate: 2, padding, ...image })],
    ],
    [
      `Conv2DTranspose ${padding}`,
      (l) => [l.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding, ...image })],
    ],
    [
      `Conv2DTranspose with a small kernel, ${padding}`,
      (l) => [l.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 3, padding, ...image })],
    ],
    [
      `DepthwiseConv2D ${padding}`,
      (l) => [l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding, ...image })],
    ],
    [
      `SeparableConv2D ${padding}`,
      (l) => [l.separableConv2d({ filters: 4, kernelSize: 3, padding, ...image })],
    ],
    [`MaxPooling1D ${padding}`, (l) => [l.maxPooling1d({ poolSize: 3, strides: 2, padding, ...series })]],
    [
      `AveragePooling1D ${padding}`,
      (l) => [l.averagePooling1d({ poolSize: 3, strides: 2, padding, ...series })],
    ],
    [`MaxPooling2D ${padding}`, (l) => [l.maxPooling2d({ poolSize: [3, 2], padding, ...image })]],
    [
      `AveragePooling2D ${padding}`,
      (l) => [l.averagePooling2d({ poolSize: 3, strides: 1, padding, ...image })],
    ],
  ]),
  ["GlobalAveragePooling1D", (l) => [l.globalAveragePooling1d({ ...series })]],
  ["GlobalMaxPooling1D", (l) => [l.globalMaxPooling1d({ ...series })]],
  ["GlobalAveragePooling2D", (l) => [l.globalAveragePooling2d({ ...image })]],
  ["GlobalMaxPooling2D", (l) => [l.globalMaxPooling2d({ ...image })]],
  ["BatchNormalization of rows", (l) => [l.batchNormalization({ ...row })]],
  ["BatchNormalization of images", (l) => [l.batchNormalization({ epsilon: 0.01, ...image })]],
  ["BatchNormalization without scale", (l) => [l.batchNormalization({ scale: false, ...series })]],
  ["BatchNormalization without offset", (l) => [l.batchNormalization({ center: false, ...series })]],
  ["LayerNormalization", (l) => [l.layerNormalization({ ...series })]],
  ["LayerNormalization over two axes", (l) => [l.layerNormalization({ axis: [1, 2], ...series })]],
  [
    "Dropout and noise",
    (l) => [l.dropout({ rate: 0.5, ...row }), l.gaussianNoise({ stddev: 1 }), l.alphaDropout({ rate: 0.2 })],
  ],
  ["SpatialDropout1D", (l) => [l.spatialDropout1d({ rate: 0.5, ...series })]],
  [
    "Flatten behind Conv2D",
    (l) => [l.conv2d({ filters: 2, kernelSize: 3, ...image }), l.flatten(), l.dense({ units: 3 })],
  ],
  ["Reshape with a size left open", (l) => [l.reshape({ targetShape: [2, -1], ...row })]],
  ["Permute", (l) => [l.permute({ dims: [3, 1, 2], ...image })]],
  ["RepeatVector", (l) => [l.repeatVector({ n: 3, ...row })]],
  [
    "ZeroPadding2D",
    (l) => [
      l.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
        ...image,
      }),
    ],
  ],
  [
    "Cropping2D",
    (l) => [
      l.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
        ...image,
      }),
    ],
  ],
  ["UpSampling2D", (l) => [l.upSampling2d({ size: [2, 3], ...image })]],
  ["Rescaling", (l) => [l.rescaling({ scale: 2, offset: -1, ...row })]],
  ["TimeDistributed Dense", (l) => [l.timeDistributed({ layer: l.dense({ units: 2 }), ...series })]],
  [
    "TimeDistributed Conv1D",
    (l) => [l.timeDistributed({ layer: l.conv1d({ filters: 2, kernelSize: 3 }), inputShape: [4, 6, 3] })],
  ],
  ...[true, false].flatMap((returnSequences): (readonly [string, Build])[] => {
    const what = returnSequences ? "all states" : "the last state";
    return [
      [`SimpleRNN, ${what}`, (l) => [l.simpleRNN({ units: 4, returnSequences, ...series, ...zeros })]],
      [`GRU, ${what}`, (l) => [l.gru({ units: 4, returnSequences, ...series, ...zeros })]],
      [
        `GRU with sigmoid gates, ${what}`,
        (l) => [l.gru({ units: 4, recurrentActivation: "sigmoid", returnSequences, ...series, ...zeros })],
      ],
      [`LSTM, ${what}`, (l) => [l.lstm({ units: 4, returnSequences, ...series, ...zeros })]],
      [
        `LSTM backwards without bias, ${what}`,
        (l) => [
          l.lstm({
            units: 4,
            goBackwards: true,
            useBias: false,
            recurrentActivation: "sigmoid",
            returnSequences,
            ...series,
            ...zeros,
          }),
        ],
      ],
      ...(["concat", "sum", "mul", "ave"] as const).map((mergeMode): readonly [string, Build] => [
        `Bidirectional LSTM, ${mergeMode}, ${what}`,
        (l) => [
          l.bidirectional({
            layer: l.lstm({ units: 4, returnSequences, ...zeros }) as tfl.RNN,
            mergeMode,
            ...series,
          }),
        ],
      ]),
    ];
  }),
  [
    "a stack of convolutions",
    (l) => [
      l.conv2d({ filters: 4, kernelSize: 3, padding: "same", ...image }),
      l.batchNormalization(),
      l.reLU(),
      l.maxPooling2d({ poolSize: 2 }),
      l.conv2d({ filters: 3, kernelSize: 2, activation: "tanh" }),
      l.flatten(),
      l.dense({ units: 3, activation: "softmax" }),
    ],
  ],
  [
    "a graph with two inputs, a layer that is called twice, a model inside and two outputs",
    (l) => {
      const [a, b] = [tfl.input({ shape: [4] }), tfl.input({ shape: [4] })];
      const shared = l.dense({ units: 3, activation: "tanh" });
      const sides = [shared.apply(a), shared.apply(b)] as tfl.SymbolicTensor[];
      const inner = tfl.sequential({ layers: [l.dense({ units: 2, inputShape: [6] })] });
      const joined = inner.apply(l.concatenate().apply(sides)) as tfl.SymbolicTensor;
      return tfl.model({
        inputs: [a, b],
        outputs: [joined, l.multiply().apply(sides) as tfl.SymbolicTensor],
      });
    },
  ],
  ...(["add", "multiply", "average", "maximum", "minimum", "concatenate"] as const).map(
    (kind): readonly [string, Build] => [
      kind,
      (l) => {
        const inputs = [
          tfl.input({ shape: [4, 2] }),
          tfl.input({ shape: [4, 2] }),
          tfl.input({ shape: [4, 2] }),
        ];
        return tfl.model({ inputs, outputs: l[kind]().apply(inputs) as tfl.SymbolicTensor });
      },
    ],
  ),
  [
    "dot",
    (l) => {
      const inputs = [tfl.input({ shape: [4] }), tfl.input({ shape: [4] })];
      return tfl.model({ inputs, outputs: l.dot({ axes: -1 }).apply(inputs) as tfl.SymbolicTensor });
    },
  ],
];

describe("a converted model predicts what tfjs does", () => {
  test.each(CASES)("%s", async (_, build) => {
    for (const batch of [1, 4]) expectAlike(await bothPredict(build, batch));
  });

  test("Embedding, on whole numbers", async () => {
    const build: Build = (l) => [
      l.embedding({ inputDim: 11, outputDim: 4, inputLength: 6 }),
      l.gru({ units: 3, ...zeros }),
    ];

    for (const batch of [1, 4]) expectAlike(await bothPredict(build, batch, 11));
  });

  test("a number of steps that only the caller knows", async () => {
    const build: Build = (l) => [
      l.conv1d({ filters: 4, kernelSize: 3, padding: "same", inputShape: [null, 3] }),
      l.lstm({ units: 3, returnSequences: true, ...zeros }),
      l.timeDistributed({ layer: l.dense({ units: 2 }) }),
    ];

    expectAlike(await bothPredict(build, 3));
  });
});
