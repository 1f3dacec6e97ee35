import { beforeAll, expect, test } from "vitest";
import { loadTfjsRuntime, NODE_BACKENDS } from "../../node/tfjs-runtime.js";
import { createTfjsServing, createTfjsTrainer, type TfjsRuntime } from "./index.js";
import { fixtureOf, requestOf, type FixtureOptions } from "./testing/layers-models.js";

const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
const NUM_EXAMPLES = 8;

let runtime: TfjsRuntime;
beforeAll(async () => {
  ({ runtime } = await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind === "wasm")));
});

/** Every kernel that Fedge registers, and layers with state of their own. */
const convolutional: FixtureOptions = {
  loss: "softmax-cross-entropy",
  targetType: "int64",
  layers: (create) => [
    create.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1], activation: "relu" }),
    create.batchNormalization(),
    create.maxPooling2d({ poolSize: 2 }),
    create.depthwiseConv2d({ kernelSize: 2 }),
    create.dropout({ rate: 0.25 }),
    create.flatten(),
    create.dense({ units: 3, activation: "softmax" }),
  ],
};
const recurrent: FixtureOptions = {
  loss: "softmax-cross-entropy",
  inputType: "int64",
  targetType: "int64",
  layers: (create) => [
    create.embedding({ inputDim: 5, outputDim: 3, inputLength: 4 }),
    create.gru({ units: 3, recurrentInitializer: "zeros" }),
    create.dense({ units: 3 }),
  ],
};

const inputs = {
  convolutional: {
    shape: [NUM_EXAMPLES, 6, 6, 1],
    data: Float32Array.from({ length: 288 }, (_, at) => Math.sin(at)),
  },
  recurrent: {
    shape: [NUM_EXAMPLES, 4],
    data: BigInt64Array.from({ length: 32 }, (_, at) => BigInt(at % 5)),
  },
};
const target = {
  shape: [NUM_EXAMPLES],
  data: BigInt64Array.from({ length: NUM_EXAMPLES }, (_, at) => BigInt(at % 3)),
};

test.each([
  ["convolutional", convolutional],
  ["recurrent", recurrent],
] as const)(
  "1,000 training steps and 1,000 answers of a %s model leave no tensor behind",
  async (kind, options) => {
    const fixture = fixtureOf(runtime, options);
    const values = { [fixture.manifest.inputs[0]?.name ?? ""]: inputs[kind] };
    const examples = { numExamples: NUM_EXAMPLES, inputs: values, target };
    const plan = { epochs: 1000, batchSize: NUM_EXAMPLES, learningRate: 0.01, proximalMu: 0.1 };
    const yieldToOthers = (): Promise<void> => Promise.resolve();
    const before = runtime.core.memory();
    const trainer = createTfjsTrainer(runtime, { nowMs: () => performance.now(), yieldToOthers });

    const { metrics } = await trainer.train(requestOf(fixture, plan, examples), never);
    await trainer.close();
    const session = await createTfjsServing(runtime, "tfjs").load({
      ...fixture,
    });
    for (let answer = 0; answer < 1000; answer += 1) await session.run(values);
    await session.close();

    const after = runtime.core.memory();
    expect(metrics.steps).toBe(1000);
    expect([after.numTensors, after.numBytes]).toEqual([before.numTensors, before.numBytes]);
  },
  60_000,
);

test("tensors of every single step are freed while it trains", async () => {
  const fixture = fixtureOf(runtime, recurrent);
  const values = { [fixture.manifest.inputs[0]?.name ?? ""]: inputs.recurrent };
  const counts = new Set<number>();
  const yieldToOthers = (): Promise<void> =>
    Promise.resolve(void counts.add(runtime.core.memory().numTensors));
  const trainer = createTfjsTrainer(runtime, { nowMs: () => performance.now(), yieldToOthers });

  const examples = { numExamples: NUM_EXAMPLES, inputs: values, target };
  await trainer.train(requestOf(fixture, { epochs: 40, batchSize: NUM_EXAMPLES }, examples), never);
  await trainer.close();

  expect(counts.size).toBe(1);
});
