import { buildTrainingGraphs, type TrainingGraphs } from "@fedge/onnx-autodiff";
import { logistic, twoNN } from "@fedge/onnx-autodiff/zoo";
import type { ModelManifest, NamedTensor, TrainingPlan } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { Examples, TrainingRequest } from "../../core/ports/engine.js";
import { loadOnnxRuntime } from "../../node/onnx-runtime.js";
import { createOnnxServing, createOnnxTrainer } from "./index.js";

const runtime = await loadOnnxRuntime();
const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
const trainerOptions = { nowMs: () => performance.now(), yieldToOthers: () => Promise.resolve() };

function manifestOf(graphs: TrainingGraphs): ModelManifest {
  const specs = (tensors: TrainingGraphs["parameters"]): object[] =>
    tensors.map(({ name, shape }) => ({ name, shape, elementType: "float32" }));
  return {
    parameters: specs(graphs.parameters),
    state: specs(graphs.state),
    inputs: [{ name: "input", elementType: "float32", shape: [null, graphs.inputs[0]?.shape?.[1]] }],
    target: { name: "target", elementType: "int64", shape: [null] },
    proximal: false,
  } as unknown as ModelManifest;
}

function request(
  graphs: TrainingGraphs,
  examples: Examples,
  plan: Partial<TrainingPlan> = {},
): TrainingRequest {
  return {
    manifest: manifestOf(graphs),
    trainGraph: graphs.train,
    trainGraphSha256: "graph",
    tensors: [...graphs.parameters, ...graphs.state] as NamedTensor[],
    plan: { epochs: 1, batchSize: 2, learningRate: 0.5, proximalMu: 0, maxExamples: 100, seed: "s", ...plan },
    seed: "seed",
    examples,
  };
}

/** Two features, two classes; the logistic zoo model has weight [2, 2] and bias [2]. */
const examples: Examples = {
  numExamples: 2,
  inputs: { input: { shape: [2, 2], data: Float32Array.of(1, 0, 0, 2) } },
  target: { shape: [2], data: BigInt64Array.of(0n, 1n) },
};

describe("a local training", () => {
  test("takes the softmax-regression step that a closed form gives", async () => {
    const graphs = buildTrainingGraphs(logistic({ inputs: 2, classes: 2 }), {
      loss: "softmax-cross-entropy",
    });
    const zero = graphs.parameters.map((tensor) => ({
      ...tensor,
      data: new Float32Array(tensor.data.length),
    }));
    const trainer = createOnnxTrainer(runtime.runtime, trainerOptions);

    const { delta, numExamples, metrics } = await trainer.train(
      { ...request(graphs, examples), tensors: zero as NamedTensor[] },
      never,
    );
    await trainer.close();

    // At zero weights both classes have probability 1/2, so the gradient of row i is (p - onehot) / 2 for each class:
    // class 0: x1 * (-0.25) + x2 * 0.25, and the opposite for class 1; the step is -0.5 times that.
    const weight = graphs.parameters.find((tensor) => tensor.shape.length === 2);
    const offset = graphs.parameters[0] === weight ? 0 : 2;
    expect([...delta.subarray(offset, offset + 4)]).toEqual([0.125, -0.125, -0.25, 0.25]);
    expect(numExamples).toBe(2);
    expect(metrics.lossFirst).toBeCloseTo(Math.log(2), 6);
  });

  test("is the same bits for the same seed and others for another", async () => {
    const graphs = buildTrainingGraphs(twoNN({ inputs: 8, hidden: 4, classes: 3, seed: 1 }), {
      loss: "softmax-cross-entropy",
    });
    const many: Examples = {
      numExamples: 30,
      inputs: {
        input: { shape: [30, 8], data: Float32Array.from({ length: 240 }, (_, at) => Math.sin(at)) },
      },
      target: { shape: [30], data: BigInt64Array.from({ length: 30 }, (_, at) => BigInt(at % 3)) },
    };
    const trainer = createOnnxTrainer(runtime.runtime, trainerOptions);
    const train = async (seed: string): Promise<Float32Array> =>
      (await trainer.train({ ...request(graphs, many, { batchSize: 4 }), seed }, never)).delta;

    const first = await train("a");

    expect(await train("a")).toEqual(first);
    expect(await train("b")).not.toEqual(first);
    await trainer.close();
  });

  test("stops between two steps when it is told to", async () => {
    const graphs = buildTrainingGraphs(logistic({ inputs: 2, classes: 2 }), {
      loss: "softmax-cross-entropy",
    });
    const stop = { ...never, aborted: false };
    const trainer = createOnnxTrainer(runtime.runtime, {
      ...trainerOptions,
      yieldToOthers: async () => void (stop.aborted = true),
    });

    await expect(trainer.train(request(graphs, examples, { epochs: 1000 }), stop)).rejects.toMatchObject({
      code: "TRAINING_INTERRUPTED",
    });
    await trainer.close();
  });

  test("refuses examples whose tensors do not fit the model", async () => {
    const graphs = buildTrainingGraphs(logistic({ inputs: 2, classes: 2 }), {
      loss: "softmax-cross-entropy",
    });
    const wrong: Examples = { ...examples, target: { shape: [2], data: Float32Array.of(0, 1) } };
    const trainer = createOnnxTrainer(runtime.runtime, trainerOptions);

    await expect(trainer.train(request(graphs, wrong), never)).rejects.toMatchObject({
      code: "TRAINING_FAILED",
    });
    await trainer.close();
  });
});

describe("serving", () => {
  test("answers with the checkpoint's weights", async () => {
    const graphs = buildTrainingGraphs(logistic({ inputs: 2, classes: 2 }), {
      loss: "softmax-cross-entropy",
    });
    const tensors = graphs.parameters.map((tensor) => {
      const data = tensor.shape.length === 2 ? Float32Array.of(1, 2, 3, 4) : Float32Array.of(10, 20);
      return { ...tensor, data } as NamedTensor;
    });
    const engine = createOnnxServing(runtime.runtime, runtime.name);

    const session = await engine.load({ manifest: manifestOf(graphs), inferGraph: graphs.infer, tensors });
    const outputs = await session.run({ input: { shape: [1, 2], data: Float32Array.of(1, 10) } });
    await session.close();

    // [1, 10] x [[1, 2], [3, 4]] + [10, 20]
    expect([...(outputs["logits"]?.data as Float32Array)]).toEqual([41, 62]);
  });

  test("refuses a graph that is cut short with a code", async () => {
    const graphs = buildTrainingGraphs(logistic({ inputs: 2, classes: 2 }), {
      loss: "softmax-cross-entropy",
    });
    const engine = createOnnxServing(runtime.runtime, runtime.name);
    const inferGraph = graphs.infer.subarray(0, graphs.infer.length - 5);

    await expect(
      engine.load({ manifest: manifestOf(graphs), inferGraph, tensors: graphs.parameters as NamedTensor[] }),
    ).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });
});
