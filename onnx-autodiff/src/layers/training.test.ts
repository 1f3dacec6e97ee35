import { createRandom } from "@fedge/protocol";
import * as core from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
import { convertLayersModel } from "./convert-layers-model.js";
import { kerasModel } from "./testing/keras-model.js";

type Build = Parameters<typeof kerasModel>[0];

const BATCH = 6;
const CLASSES = 3;
const zeros = { recurrentInitializer: "zeros" } as const;

beforeAll(() => core.setBackend("cpu"));

/** Inputs of each model port, whole numbers below `highest` where it is given. */
function inputsOf(model: tfl.LayersModel, highest?: number): core.Tensor[] {
  const random = createRandom("inputs");
  return model.inputs.map(({ shape }) => {
    const sizes = [BATCH, ...(shape.slice(1) as number[])];
    const length = sizes.reduce((product, size) => product * size, 1);
    const draw = (): number =>
      highest === undefined ? 2 * random.unit() - 1 : Math.floor(random.unit() * highest);
    return core.tensor(Array.from({ length }, draw), sizes, highest === undefined ? "float32" : "int32");
  });
}

const classes = Array.from({ length: BATCH }, (_, at) => at % CLASSES);

/** tfjs's own gradients of the mean cross-entropy, by name. */
function tfjsGradients(model: tfl.LayersModel, inputs: readonly core.Tensor[]) {
  const variables = model.trainableWeights.map(
    (weight) => [weight.originalName, weight.read() as core.Variable] as const,
  );
  const { value, grads } = core.variableGrads(
    () => {
      const logits = model.apply([...inputs], { training: true }) as core.Tensor;
      const logProbabilities = core.logSoftmax(logits);
      const isClass = core.cast(core.oneHot(core.tensor1d(classes, "int32"), CLASSES), "float32");
      return core.neg(core.mean(core.sum(core.mul(isClass, logProbabilities), 1))) as core.Scalar;
    },
    variables.map(([, variable]) => variable),
  );
  const byName = variables.map(
    ([name, variable]) => [name, grads[variable.name]?.dataSync() as Float32Array] as const,
  );
  return { loss: value.dataSync()[0] ?? Number.NaN, byName };
}

async function onnxGradients(onnx: Uint8Array, feeds: Readonly<Record<string, Tensor>>) {
  const graphs = buildTrainingGraphs(onnx, { loss: "softmax-cross-entropy", outputGradients: true });
  const session = await InferenceSession.create(graphs.train);
  const weights = [...graphs.parameters, ...graphs.state].map(({ name, shape, data }) => {
    return [name, new Tensor("float32", data as Float32Array, shape)] as const;
  });
  const outputs = await session.run({
    ...feeds,
    ...Object.fromEntries(weights),
    target: new Tensor("int64", BigInt64Array.from(classes, BigInt), [BATCH]),
    learning_rate: new Tensor("float32", Float32Array.of(0.1), []),
  });
  return (name: string): Float32Array => outputs[name]?.data as Float32Array;
}

const CASES: readonly (readonly [name: string, build: Build, highest: number | undefined])[] = (
  [
    [
      "dense layers",
      (l) => [l.dense({ units: 8, activation: "tanh", inputShape: [5] }), l.dense({ units: 3 })],
    ],
    [
      "convolutions with batch normalization and pooling",
      (l) => [
        l.conv2d({ filters: 4, kernelSize: 3, padding: "same", inputShape: [6, 6, 2] }),
        l.batchNormalization(),
        l.activation({ activation: "elu" }),
        l.averagePooling2d({ poolSize: 2 }),
        l.conv2d({ filters: 3, kernelSize: 2, strides: 2, activation: "tanh", padding: "same" }),
        l.flatten(),
        l.dense({ units: 3 }),
      ],
    ],
    [
      "depthwise, separable and transposed convolutions",
      (l) => [
        l.depthwiseConv2d({ kernelSize: 3, inputShape: [6, 6, 2], activation: "tanh" }),
        l.separableConv2d({ filters: 3, kernelSize: 2, activation: "sigmoid" }),
        l.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2 }),
        l.globalAveragePooling2d({}),
        l.dense({ units: 3 }),
      ],
    ],
    [
      "a convolution over steps with layer normalization",
      (l) => [
        l.conv1d({ filters: 4, kernelSize: 3, padding: "same", activation: "tanh", inputShape: [6, 3] }),
        l.layerNormalization(),
        l.averagePooling1d({ poolSize: 2 }),
        l.flatten(),
        l.dense({ units: 3 }),
      ],
    ],
    [
      "an embedding and a GRU",
      (l) => [
        l.embedding({ inputDim: 11, outputDim: 4, inputLength: 6 }),
        l.gru({ units: 5, ...zeros }),
        l.dense({ units: 3 }),
      ],
      11,
    ],
    [
      "an LSTM on all states of another",
      (l) => [
        l.lstm({ units: 4, returnSequences: true, inputShape: [5, 3], ...zeros }),
        l.lstm({ units: 4, recurrentActivation: "sigmoid", ...zeros }),
        l.dense({ units: 3 }),
      ],
    ],
    [
      "a simple RNN, backwards",
      (l) => [
        l.simpleRNN({ units: 4, goBackwards: true, returnSequences: true, inputShape: [5, 3], ...zeros }),
        l.flatten(),
        l.dense({ units: 3 }),
      ],
    ],
    [
      "a bidirectional LSTM",
      (l) => [
        l.bidirectional({
          layer: l.lstm({ units: 4, returnSequences: true, ...zeros }) as tfl.RNN,
          mergeMode: "concat",
          inputShape: [5, 3],
        }),
        l.timeDistributed({ layer: l.dense({ units: 3, activation: "tanh" }) }),
        l.globalAveragePooling1d(),
      ],
    ],
    [
      "slopes that are learned",
      (l) => [
        l.dense({ units: 6, inputShape: [5] }),
        l.prelu(),
        l.leakyReLU({ alpha: 0.2 }),
        l.dense({ units: 3 }),
      ],
    ],
    [
      "a graph with two inputs and a layer that is called twice",
      (l) => {
        const [a, b] = [tfl.input({ shape: [4] }), tfl.input({ shape: [4] })];
        const shared = l.dense({ units: 3, activation: "tanh" });
        const sides = [shared.apply(a), shared.apply(b)] as tfl.SymbolicTensor[];
        const joined = l.concatenate().apply([...sides, l.multiply().apply(sides) as tfl.SymbolicTensor]);
        return tfl.model({
          inputs: [a, b],
          outputs: l.dense({ units: 3 }).apply(joined) as tfl.SymbolicTensor,
        });
      },
    ],
  ] as readonly (readonly [string, Build, number?])[]
).map(([name, build, highest]) => [name, build, highest]);

/* 1e-4 of the largest gradient: two programs that add float32 numbers in other orders. */
describe("a converted model has tfjs's gradients and moving statistics", () => {
  test.each(CASES)("%s", async (_, build, highest) => {
    const { model, source } = kerasModel(build);
    const inputs = inputsOf(model, highest);
    const feeds = model.inputNames.map((name, at) => {
      const tensor = inputs[at] as core.Tensor;
      return [
        name,
        new Tensor(tensor.dtype as "float32", tensor.dataSync() as Float32Array, tensor.shape),
      ] as const;
    });
    const { onnx } = convertLayersModel(source, { form: "training" });

    const given = await onnxGradients(onnx, Object.fromEntries(feeds));
    const { loss, byName } = tfjsGradients(model, inputs);

    expect(Math.abs((given("loss")[0] ?? 0) / loss - 1)).toBeLessThan(1e-5);
    const largest = Math.max(...byName.flatMap(([, gradient]) => [...gradient].map(Math.abs)));
    for (const [name, gradient] of byName) {
      const apart = gradient.reduce(
        (most, value, at) => Math.max(most, Math.abs(value - (given(`${name}.grad`)[at] ?? 9))),
        0,
      );
      expect([name, apart <= 1e-4 * largest]).toEqual([name, true]);
    }
    // tfjs has moved the statistics of its batch normalizations while it ran.
    for (const weight of model.nonTrainableWeights) {
      const moved = weight.read().dataSync() as Float32Array;
      const apart = moved.reduce(
        (most, value, at) =>
          Math.max(most, Math.abs(value - (given(`${weight.originalName}.next`)[at] ?? 9))),
        0,
      );
      expect([weight.originalName, apart < 1e-5]).toEqual([weight.originalName, true]);
    }
  });
});

test("the loss of a model that ends in a convolution with a sigmoid is taken before the sigmoid", async () => {
  const { source } = kerasModel((l) => [
    l.conv2d({ filters: 1, kernelSize: 1, activation: "sigmoid", inputShape: [2, 2, 1], name: "conv" }),
  ]);
  const weights = [
    { name: "conv/kernel", shape: [1, 1, 1, 1], data: Float32Array.of(1) },
    { name: "conv/bias", shape: [1], data: Float32Array.of(2) },
  ];
  const { onnx } = convertLayersModel({ ...source, weights }, { form: "training" });
  const graphs = buildTrainingGraphs(onnx, { loss: "binary-cross-entropy" });
  const session = await InferenceSession.create(graphs.train);
  const image = (value: number): Tensor =>
    new Tensor("float32", new Float32Array(4).fill(value), [1, 2, 2, 1]);

  const { loss } = await session.run({
    conv_input: image(0),
    target: image(1),
    learning_rate: new Tensor("float32", [0], []),
    "conv/kernel": new Tensor("float32", [1], [1, 1, 1, 1]),
    "conv/bias": new Tensor("float32", [2], [1]),
  });

  // Of logits that are 2 everywhere, with target 1: log(1 + exp(-2)).
  expect(loss?.data[0]).toBeCloseTo(Math.log1p(Math.exp(-2)), 6);
});

test("a number of steps that only the caller knows can be trained", async () => {
  const { source } = kerasModel((l) => [
    l.conv1d({ filters: 4, kernelSize: 3, padding: "same", activation: "tanh", inputShape: [null, 3] }),
    l.lstm({ units: 3, ...zeros }),
    l.dense({ units: 3 }),
  ]);
  const { onnx } = convertLayersModel(source, { form: "training" });
  const inputs = new Tensor(
    "float32",
    Float32Array.from({ length: BATCH * 7 * 3 }, (_, at) => Math.sin(at)),
    [BATCH, 7, 3],
  );
  const name = `${source.weights[0]?.name.split("/")[0]}_input`;

  const given = await onnxGradients(onnx, { [name]: inputs });

  expect(given("loss")[0]).toBeGreaterThan(0);
});
