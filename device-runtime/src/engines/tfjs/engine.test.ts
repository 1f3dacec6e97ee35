import { beforeAll, describe, expect, test } from "vitest";
import type { Examples, StopSignal, TrainingRequest, TrainingResult } from "../../core/ports/engine.js";
import { loadTfjsRuntime } from "../../node/tfjs-runtime.js";
import { createTfjsServing, createTfjsTrainer, type TfjsRuntime } from "./index.js";
import { fixtureOf, requestOf, type FixtureOptions, type ModelFixture } from "./testing/layers-models.js";

const never: StopSignal = {
  aborted: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};
const trainerOptions = { nowMs: () => performance.now(), yieldToOthers: () => Promise.resolve() };

let runtime: TfjsRuntime;
beforeAll(async () => {
  ({ runtime } = await loadTfjsRuntime());
});

async function train(request: TrainingRequest, signal = never): Promise<TrainingResult> {
  const trainer = createTfjsTrainer(runtime, trainerOptions);
  try {
    return await trainer.train(request, signal);
  } finally {
    await trainer.close();
  }
}

const ZEROS = { "d/kernel": [0, 0, 0, 0], "d/bias": [0, 0] };

function softmaxRegression(change: Partial<FixtureOptions> = {}): ModelFixture {
  return fixtureOf(runtime, {
    loss: "softmax-cross-entropy",
    targetType: "int64",
    weights: ZEROS,
    layers: (create) => [create.dense({ units: 2, inputShape: [2], name: "d" })],
    ...change,
  });
}

/** Two examples with two features, of class 0 and class 1. */
function twoExamples({ manifest }: ModelFixture): Examples {
  const input = { shape: [2, 2], data: Float32Array.of(1, 0, 0, 2) };
  return {
    numExamples: 2,
    inputs: { [manifest.inputs[0]?.name ?? ""]: input },
    target: { shape: [2], data: BigInt64Array.of(0n, 1n) },
  };
}

/*
 * One step of softmax regression from zero weights: both classes have probability 1/2, so the mean gradient of weight
 * [feature, class] is x * (1/2 - onehot) / 2. Feature 1 is 1 for the example of class 0, feature 2 is 2 for the other.
 */
const FIRST_GRADIENT = [-0.25, 0.25, 0.5, -0.5];

/** The same examples after that step at rate 1/2: the right logit leads by 1/4 in the first and by 1 in the second. */
const LOSS_AFTER_FIRST_STEP = (Math.log1p(Math.exp(-0.25)) + Math.log1p(Math.exp(-1))) / 2;

describe("a local training of a layers model", () => {
  test.each([
    ["logits", (create) => [create.dense({ units: 2, inputShape: [2], name: "d" })]],
    [
      "a softmax activation",
      (create) => [create.dense({ units: 2, inputShape: [2], name: "d", activation: "softmax" })],
    ],
    [
      "an activation layer",
      (create) => [
        create.dense({ units: 2, inputShape: [2], name: "d" }),
        create.activation({ activation: "softmax" }),
      ],
    ],
    [
      "a softmax layer",
      (create) => [create.dense({ units: 2, inputShape: [2], name: "d" }), create.softmax()],
    ],
  ] as [string, FixtureOptions["layers"]][])(
    "that ends in %s takes the step that a closed form gives",
    async (_, layers) => {
      const fixture = softmaxRegression({ layers });

      const { delta, numExamples, metrics } = await train(requestOf(fixture, {}, twoExamples(fixture)));

      [...delta.subarray(0, 4)].forEach((value, at) =>
        expect(value).toBeCloseTo(-0.5 * (FIRST_GRADIENT[at] ?? 0), 6),
      );
      expect(numExamples).toBe(2);
      expect(metrics.lossBefore).toBeCloseTo(Math.log(2), 6);
      expect(metrics.lossAfter).toBeCloseTo(LOSS_AFTER_FIRST_STEP, 6);
    },
  );

  test("takes each step from where the one before ended", async () => {
    const fixture = softmaxRegression();

    const { delta, metrics } = await train(requestOf(fixture, { epochs: 20 }, twoExamples(fixture)));

    expect(metrics.steps).toBe(20);
    expect(metrics.lossAfter).toBeLessThan(0.1);
    expect(Math.min(...[...delta.subarray(0, 4)].map(Math.abs))).toBeGreaterThan(0.5);
  });

  test("pulls towards the base version with FedProx (Li et al. 2020, equation 2)", async () => {
    const fixture = softmaxRegression();
    const plan = { epochs: 2, learningRate: 2 ** -10, proximalMu: 512 };

    const { delta } = await train(requestOf(fixture, plan, twoExamples(fixture)));

    // The second step is half of the first: gradient g, minus rate * mu = 1/2 of the way that was gone.
    const moved = [...delta.subarray(0, 4)].map((value) => value / -(2 ** -10));
    FIRST_GRADIENT.forEach((gradient, at) => expect(moved[at]).toBeCloseTo(1.5 * gradient, 2));
  });

  test("begins every training from the checkpoint", async () => {
    const trainer = createTfjsTrainer(runtime, trainerOptions);
    const fixture = softmaxRegression();
    const request = requestOf(fixture, { epochs: 3 }, twoExamples(fixture));

    const [first, second] = [await trainer.train(request, never), await trainer.train(request, never)];
    await trainer.close();

    expect(second.delta).toEqual(first.delta);
  });

  test("moves batch normalization's statistics by momentum times the batch's", async () => {
    const fixture = fixtureOf(runtime, {
      loss: "mean-squared-error",
      weights: { "b/gamma": [1], "b/beta": [0], "b/moving_mean": [0], "b/moving_variance": [1] },
      layers: (create) => [create.batchNormalization({ inputShape: [1], name: "b", momentum: 0.75 })],
    });
    const [input, target] = [Float32Array.of(1, 3, 5, 7), new Float32Array(4)];
    const examples = {
      numExamples: 4,
      inputs: { [fixture.manifest.inputs[0]?.name ?? ""]: { shape: [4, 1], data: input } },
      target: { shape: [4, 1], data: target },
    };

    const { delta } = await train(requestOf(fixture, { batchSize: 4, learningRate: 0 }, examples));

    // Mean 4 and variance 5 of the batch: 3/4 * 0 + 1/4 * 4 = 0 + 1, and 3/4 * 1 + 1/4 * 5 = 1 + 1.
    const names = fixture.manifest.parameters.map((parameter) => parameter.name);
    expect(delta[names.indexOf("b/moving_mean")]).toBeCloseTo(1, 5);
    expect(delta[names.indexOf("b/moving_variance")]).toBeCloseTo(1, 5);
  });

  test("repeats dropout's masks for the same seed and draws others for another", async () => {
    const fixture = fixtureOf(runtime, {
      loss: "mean-squared-error",
      layers: (create) => [
        create.dense({ units: 16, inputShape: [2] }),
        create.dropout({ rate: 0.5 }),
        create.dense({ units: 2 }),
      ],
    });
    const examples = {
      ...twoExamples(fixture),
      target: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    };
    const of = (seed: string): TrainingRequest => ({
      ...requestOf(fixture, { epochs: 4, learningRate: 0.1 }, examples),
      seed,
    });

    const [one, again, other] = [await train(of("a")), await train(of("a")), await train(of("b"))];

    expect(again.delta).toEqual(one.delta);
    expect(other.delta).not.toEqual(one.delta);
  });

  test("stops between two steps when it is asked to", async () => {
    const fixture = softmaxRegression();
    let numYields = 0;
    const signal = {
      ...never,
      get aborted(): boolean {
        return numYields > 0;
      },
    };
    const yieldToOthers = (): Promise<void> => Promise.resolve(void (numYields += 1));
    const trainer = createTfjsTrainer(runtime, { ...trainerOptions, yieldToOthers });

    const training = trainer.train(requestOf(fixture, { epochs: 1000 }, twoExamples(fixture)), signal);

    await expect(training).rejects.toMatchObject({ code: "TRAINING_INTERRUPTED" });
    expect(numYields).toBe(1);
    await trainer.close();
  });
});

describe("a loss", () => {
  /** The model is the identity on one value, so that the delta of its bias is minus rate times the mean gradient. */
  async function lossAndGradient(
    loss: string,
    predictions: number[],
    targets: number[],
  ): Promise<{ loss: number; gradient: number }> {
    const fixture = fixtureOf(runtime, {
      loss,
      weights: { "d/kernel": [1], "d/bias": [0] },
      layers: (create) => [create.dense({ units: 1, inputShape: [1], name: "d" })],
    });
    const numExamples = predictions.length;
    const column = (data: number[]): Examples["target"] => ({
      shape: [numExamples, 1],
      data: Float32Array.from(data),
    });
    const inputs = { [fixture.manifest.inputs[0]?.name ?? ""]: column(predictions) };
    const examples = { numExamples, inputs, target: column(targets) };
    const { delta, metrics } = await train(
      requestOf(fixture, { batchSize: numExamples, learningRate: 1 }, examples),
    );
    return { loss: metrics.lossBefore ?? Number.NaN, gradient: -(delta[1] ?? Number.NaN) };
  }

  // Errors 1, -2, 0, 3.
  test.each([
    ["mean-squared-error", 14 / 4, (2 * 2) / 4],
    ["mean-absolute-error", 6 / 4, 1 / 4],
    ["huber", (0.5 + 1.5 + 0 + 2.5) / 4, 1 / 4],
  ])("%s is the mean over all elements", async (name, loss, gradient) => {
    const result = await lossAndGradient(name, [2, 0, 5, 3], [1, 2, 5, 0]);

    expect(result.loss).toBeCloseTo(loss, 6);
    expect(result.gradient).toBeCloseTo(gradient, 6);
  });

  // Right and sure costs nothing, wrong and sure costs the logit; sigmoid minus target is 0, 0, 0 and 1, and 1/2 - 1.
  test("binary cross-entropy stays finite for large logits", async () => {
    const result = await lossAndGradient("binary-cross-entropy", [200, -200, 200, 0], [1, 0, 0, 1]);

    expect(result.loss).toBeCloseTo((200 + Math.log(2)) / 4, 4);
    expect(result.gradient).toBeCloseTo((1 - 0.5) / 4, 6);
  });
});

describe("a trainer refuses", () => {
  test("a class that the model does not have", async () => {
    const fixture = softmaxRegression();
    const examples = { ...twoExamples(fixture), target: { shape: [2], data: BigInt64Array.of(0n, 2n) } };

    await expect(train(requestOf(fixture, {}, examples))).rejects.toMatchObject({ code: "TRAINING_FAILED" });
  });

  test("a loss that it does not know", async () => {
    const fixture = softmaxRegression({ loss: "hinge" });

    await expect(train(requestOf(fixture, {}, twoExamples(fixture)))).rejects.toMatchObject({
      code: "TRAINING_FAILED",
    });
  });

  test("a checkpoint that lacks a weight", async () => {
    const fixture = softmaxRegression();
    const request = { ...requestOf(fixture, {}, twoExamples(fixture)), tensors: fixture.tensors.slice(1) };

    await expect(train(request)).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });

  test.each([
    "not json",
    "{}",
    '{"class_name":"Sequential","config":{"layers":[{"class_name":"Nonsense","config":{}}]}}',
  ])("%s as a layers topology", async (text) => {
    const fixture = softmaxRegression();
    const request = {
      ...requestOf(fixture, {}, twoExamples(fixture)),
      program: new TextEncoder().encode(text),
    };

    await expect(train(request)).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });
});

describe("serving", () => {
  const load = async (fixture: ModelFixture): ReturnType<ReturnType<typeof createTfjsServing>["load"]> =>
    createTfjsServing(runtime, "tfjs").load(fixture);

  test("answers with the checkpoint's weights and keeps the final activation", async () => {
    const weights = { "d/kernel": [1, 2, 3, 4], "d/bias": [10, 20] };
    const layers: FixtureOptions["layers"] = (create) => [
      create.dense({ units: 2, inputShape: [2], name: "d", activation: "relu" }),
    ];
    const fixture = softmaxRegression({ weights, layers });

    const session = await load(fixture);
    const outputs = await session.run({
      [fixture.manifest.inputs[0]?.name ?? ""]: { shape: [2, 2], data: Float32Array.of(1, 10, -20, 0) },
    });
    await session.close();

    // [1, 10] x [[1, 2], [3, 4]] + [10, 20]; then -20 x [1, 2] + [10, 20] is [-10, -20], which relu makes 0.
    expect(outputs["d"]).toEqual({ shape: [2, 2], data: Float32Array.of(41, 62, 0, 0) });
  });

  test("says so when it is closed, and may be closed twice", async () => {
    const session = await load(softmaxRegression());
    await session.close();
    await session.close();

    await expect(session.run({})).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("refuses a request without an input", async () => {
    const session = await load(softmaxRegression());

    await expect(session.run({})).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await session.close();
  });
});
