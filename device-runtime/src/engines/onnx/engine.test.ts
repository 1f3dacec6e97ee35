import { buildTrainingGraphs, type TrainingGraphs, type TrainingOptions } from "@fedge/onnx-autodiff";
import { logistic, twoNN } from "@fedge/onnx-autodiff/zoo";
import type { ModelManifest, NamedTensor, TrainingPlan } from "@fedge/protocol";
import type { InferenceSession } from "onnxruntime-common";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { Examples, TrainingRequest, TrainingResult } from "../../core/ports/engine.js";
import { loadOnnxRuntime, type RuntimePackage } from "../../node/onnx-runtime.js";
import { bindCheckpoint, createOnnxServing, createOnnxTrainer, type OnnxRuntime } from "./index.js";

const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
const trainerOptions = { nowMs: () => performance.now(), yieldToOthers: () => Promise.resolve() };

const TINY = { inputs: 2, classes: 2 };
const build = (options: Partial<TrainingOptions> = {}): TrainingGraphs =>
  buildTrainingGraphs(logistic(TINY), { loss: "softmax-cross-entropy", ...options });

function manifestOf(graphs: TrainingGraphs, proximal = false): ModelManifest {
  const specs = (tensors: TrainingGraphs["parameters"]): object[] =>
    tensors.map(({ name, shape }) => ({ name, shape, elementType: "float32" }));
  return {
    parameters: specs(graphs.parameters),
    state: specs(graphs.state),
    inputs: [{ name: "input", elementType: "float32", shape: [null, graphs.inputs[0]?.shape?.[1]] }],
    target: { name: "target", elementType: "int64", shape: [null] },
    proximal,
  } as unknown as ModelManifest;
}

/** Weights and biases at zero, so that steps can be calculated by hand. */
function zeros(graphs: TrainingGraphs): NamedTensor[] {
  const tensors = [...graphs.parameters, ...graphs.state];
  return tensors.map((tensor) => ({ ...tensor, data: new Float32Array(tensor.data.length) }) as NamedTensor);
}

/** Two examples with two features, of class 0 and class 1. */
const examples: Examples = {
  numExamples: 2,
  inputs: { input: { shape: [2, 2], data: Float32Array.of(1, 0, 0, 2) } },
  target: { shape: [2], data: BigInt64Array.of(0n, 1n) },
};

function request(graphs: TrainingGraphs, change: Partial<TrainingRequest> = {}): TrainingRequest {
  return {
    manifest: manifestOf(graphs),
    program: graphs.train,
    programSha256: "graph",
    tensors: zeros(graphs),
    plan: planOf({}),
    seed: "seed",
    examples,
    ...change,
  };
}

function planOf(change: Partial<TrainingPlan>): TrainingPlan {
  return {
    ...{ epochs: 1, batchSize: 2, learningRate: 0.5, proximalMu: 0, maxExamples: 100, seed: "s" },
    ...change,
  };
}

async function trainOnce(runtime: OnnxRuntime, of: TrainingRequest): Promise<TrainingResult> {
  const trainer = createOnnxTrainer(runtime, trainerOptions);
  try {
    return await trainer.train(of, never);
  } finally {
    await trainer.close();
  }
}

/** The weight matrix's part of a delta, row-major. */
function weightDelta(graphs: TrainingGraphs, delta: Float32Array): number[] {
  const at = graphs.parameters[0]?.shape.length === 2 ? 0 : 2;
  return [...delta.subarray(at, at + 4)];
}

/*
 * One step of softmax regression from zero weights: both classes have probability 1/2, so the mean gradient of weight
 * [feature, class] is x * (1/2 - onehot) / 2. Feature 1 is 1 for the example of class 0, feature 2 is 2 for the other.
 */
const FIRST_GRADIENT = [-0.25, 0.25, 0.5, -0.5];

/** The same examples after that step at rate 1/2: the right logit leads by 1/4 in the first and by 1 in the second. */
const LOSS_AFTER_FIRST_STEP = (Math.log1p(Math.exp(-0.25)) + Math.log1p(Math.exp(-1))) / 2;

describe.each<RuntimePackage>(["onnxruntime-node", "onnxruntime-web"])("a local training on %s", (name) => {
  test("takes the softmax-regression step that a closed form gives", async () => {
    const { runtime } = await loadOnnxRuntime([name]);
    const graphs = build();

    const { delta, numExamples, metrics } = await trainOnce(runtime, request(graphs));

    expect(weightDelta(graphs, delta)).toEqual(FIRST_GRADIENT.map((value) => -0.5 * value));
    expect(numExamples).toBe(2);
    expect(metrics.lossBefore).toBeCloseTo(Math.log(2), 6);
    expect(metrics.lossAfter).toBeCloseTo(LOSS_AFTER_FIRST_STEP, 6);
  });

  test("takes each step from where the one before ended", async () => {
    const { runtime } = await loadOnnxRuntime([name]);
    const graphs = build();

    const { delta, metrics } = await trainOnce(runtime, request(graphs, { plan: planOf({ epochs: 20 }) }));

    expect(metrics.steps).toBe(20);
    expect(metrics.lossAfter).toBeLessThan(0.1);
    expect(Math.min(...weightDelta(graphs, delta).map(Math.abs))).toBeGreaterThan(0.5);
  });

  test("carries the optimizer's state from step to step", async () => {
    const { runtime } = await loadOnnxRuntime([name]);
    const graphs = build({ optimizer: { kind: "sgd", momentum: 0.5 } });
    // So small a rate leaves the gradient as it is: three steps of momentum 1/2 move by 1, 3/2 and 7/4 of it.
    const plan = planOf({ epochs: 3, learningRate: 2 ** -20 });

    const { delta } = await trainOnce(runtime, request(graphs, { plan }));

    const moved = weightDelta(graphs, delta).map((value) => value / -(2 ** -20));
    FIRST_GRADIENT.forEach((gradient, at) => expect(moved[at]).toBeCloseTo(4.25 * gradient, 4));
  });

  test("begins with an empty memory of the optimizer where the checkpoint has none", async () => {
    const { runtime } = await loadOnnxRuntime([name]);
    const graphs = build({ optimizer: { kind: "sgd", momentum: 0.5 } });
    const stateless = zeros({ ...graphs, state: [] });

    const { delta } = await trainOnce(runtime, request(graphs, { tensors: stateless }));

    expect(delta).toEqual((await trainOnce(runtime, request(graphs))).delta);
  });

  test("pulls towards the base version with FedProx (Li et al. 2020, equation 2)", async () => {
    const { runtime } = await loadOnnxRuntime([name]);
    const graphs = build({ proximal: true });
    const manifest = manifestOf(graphs, true);
    const plan = planOf({ epochs: 2, learningRate: 2 ** -10, proximalMu: 512 });

    const { delta } = await trainOnce(runtime, request(graphs, { manifest, plan }));

    // The second step is half of the first: gradient g, minus rate * mu = 1/2 of the way that was gone.
    const moved = weightDelta(graphs, delta).map((value) => value / -(2 ** -10));
    FIRST_GRADIENT.forEach((gradient, at) => expect(moved[at]).toBeCloseTo(1.5 * gradient, 2));
  });

  test("answers with the checkpoint's weights", async () => {
    const { runtime } = await loadOnnxRuntime([name]);
    const graphs = build();
    const tensors = graphs.parameters.map((tensor) => {
      const data = tensor.shape.length === 2 ? Float32Array.of(1, 2, 3, 4) : Float32Array.of(10, 20);
      return { ...tensor, data } as NamedTensor;
    });
    const engine = createOnnxServing(runtime, name);

    const session = await engine.load({ manifest: manifestOf(graphs), program: graphs.infer, tensors });
    const outputs = await session.run({ input: { shape: [1, 2], data: Float32Array.of(1, 10) } });
    await session.close();

    // [1, 10] x [[1, 2], [3, 4]] + [10, 20]
    expect([...(outputs["logits"]?.data as Float32Array)]).toEqual([41, 62]);
  });
});

describe("a trainer", () => {
  test("gives the same bits for the same seed and others for another", async () => {
    const { runtime } = await loadOnnxRuntime();
    const graphs = buildTrainingGraphs(twoNN({ inputs: 8, hidden: 4, classes: 3, seed: 1 }), {
      loss: "softmax-cross-entropy",
    });
    const input = { shape: [30, 8], data: Float32Array.from({ length: 240 }, (_, at) => Math.sin(at)) };
    const target = { shape: [30], data: BigInt64Array.from({ length: 30 }, (_, at) => BigInt(at % 3)) };
    const of = (seed: string): TrainingRequest =>
      request(graphs, {
        tensors: graphs.parameters as NamedTensor[],
        plan: planOf({ batchSize: 4 }),
        examples: { numExamples: 30, inputs: { input }, target },
        seed,
      });

    const first = (await trainOnce(runtime, of("a"))).delta;

    expect((await trainOnce(runtime, of("a"))).delta).toEqual(first);
    expect((await trainOnce(runtime, of("b"))).delta).not.toEqual(first);
  });

  test("counts distinct examples, and no more than the plan allows", async () => {
    const { runtime } = await loadOnnxRuntime();
    const plan = planOf({ maxExamples: 1, epochs: 5, batchSize: 1 });

    const { numExamples, metrics } = await trainOnce(runtime, request(build(), { plan }));

    expect([numExamples, metrics.steps]).toEqual([1, 5]);
  });

  test("stops between two steps when it is told to", async () => {
    const { runtime } = await loadOnnxRuntime();
    const stop = { ...never, aborted: false };
    const yieldToOthers = async (): Promise<void> => void (stop.aborted = true);
    const trainer = createOnnxTrainer(runtime, { ...trainerOptions, yieldToOthers });

    await expect(
      trainer.train(request(build(), { plan: planOf({ epochs: 1000 }) }), stop),
    ).rejects.toMatchObject({ code: "TRAINING_INTERRUPTED" });
    await trainer.close();
  });

  test("hears that while it still measures the loss, as between two steps", async () => {
    const { runtime } = await loadOnnxRuntime();
    const log: string[] = [];
    const stop = { ...never, aborted: false };
    let [nowMs, numYields] = [0, 0];
    const yieldToOthers = async (): Promise<void> => void (stop.aborted = (numYields += 1) === 2);
    const trainer = createOnnxTrainer(countRuns(runtime, log), { yieldToOthers, nowMs: () => (nowMs += 10) });
    const plan = planOf({ epochs: 100, batchSize: 1 });

    await expect(trainer.train(request(build(), { plan }), stop)).rejects.toMatchObject({
      code: "TRAINING_INTERRUPTED",
    });
    // Two batches are measured before the first step.
    expect(log).toEqual(["ran"]);
    await trainer.close();
  });

  test.each<[string, Partial<TrainingRequest>]>([
    [
      "examples of another type",
      { examples: { ...examples, target: { shape: [2], data: Float32Array.of(0, 1) } } },
    ],
    ["examples without an input", { examples: { ...examples, inputs: {} } }],
    ["no examples", { examples: { ...examples, numExamples: 0 } }],
    ["a checkpoint without its tensors", { tensors: [] }],
    ["a FedProx term that the graph does not have", { plan: planOf({ proximalMu: 1 }) }],
  ])("refuses %s", async (_, change) => {
    const { runtime } = await loadOnnxRuntime();

    await expect(trainOnce(runtime, request(build(), change))).rejects.toMatchObject({
      code: "TRAINING_FAILED",
    });
  });

  test("compiles a graph once for all who train it, keeps the latest four and frees every one", async () => {
    const { runtime } = await loadOnnxRuntime();
    const log: string[] = [];
    const counting = countSessions(runtime, log);
    const trainer = createOnnxTrainer(counting, trainerOptions);
    const graphs = build();
    const train = (sha256: string): Promise<TrainingResult> =>
      trainer.train(request(graphs, { programSha256: sha256 }), never);

    for (const sha256 of ["a", "a", "b", "c", "d", "a", "e"]) await train(sha256);
    expect(log).toEqual([...Array<string>(5).fill("compiled"), "freed"]);

    await trainer.close();
    expect(log.filter((entry) => entry === "freed")).toHaveLength(5);
  });

  test("holds no more memory after a hundred trainings than after ten", async () => {
    const { runtime } = await loadOnnxRuntime();
    const graphs = buildTrainingGraphs(twoNN({ inputs: 200, hidden: 100, classes: 2, seed: 1 }), {
      loss: "softmax-cross-entropy",
    });
    const input = { shape: [10, 200], data: new Float32Array(2000) };
    const target = { shape: [10], data: new BigInt64Array(10) };
    const of = request(graphs, { examples: { numExamples: 10, inputs: { input }, target } });
    const trainer = createOnnxTrainer(runtime, trainerOptions);
    const trainTimes = async (times: number): Promise<number> => {
      for (let time = 0; time < times; time += 1) await trainer.train(of, never);
      return heldBytes();
    };

    const after10 = await trainTimes(10);
    const after100 = await trainTimes(90);
    await trainer.close();

    // One model has 30,302 parameters, 121 kB; ninety that stayed would be 11 MB.
    expect(after100 - after10).toBeLessThan(1e6);
  });
});

/** Bytes of tensors and objects that are still reachable. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // Native outputs are freed a turn after the collection that found them.
  for (let turn = 0; turn < 3; turn += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The runtime, whose sessions are seen by `onSession` as they are made. */
function watched(runtime: OnnxRuntime, onSession: (session: InferenceSession) => void): OnnxRuntime {
  const create = async (
    graph: Uint8Array,
    options: InferenceSession.SessionOptions,
  ): Promise<InferenceSession> => {
    const session = await runtime.InferenceSession.create(graph, options);
    onSession(session);
    return session;
  };
  return { Tensor: runtime.Tensor, InferenceSession: { create } as OnnxRuntime["InferenceSession"] };
}

function countSessions(runtime: OnnxRuntime, log: string[]): OnnxRuntime {
  return watched(runtime, (session) => {
    log.push("compiled");
    const release = session.release.bind(session);
    session.release = () => {
      log.push("freed");
      return release();
    };
  });
}

function countRuns(runtime: OnnxRuntime, log: string[]): OnnxRuntime {
  return watched(runtime, (session) => {
    const run = session.run.bind(session) as (...given: unknown[]) => ReturnType<InferenceSession["run"]>;
    session.run = (...given: unknown[]) => {
      log.push("ran");
      return run(...given);
    };
  });
}

describe("serving", () => {
  test("takes the weights in as constants: the runtime is given no parameter any more", async () => {
    const { runtime } = await loadOnnxRuntime();
    const graphs = build();

    const bound = bindCheckpoint(graphs.infer, graphs.parameters as NamedTensor[]);
    const session = await runtime.InferenceSession.create(bound);

    expect(session.inputNames).toEqual(["input"]);
    await session.release();
  });

  test("refuses a graph that is cut short with a code", async () => {
    const { runtime, name } = await loadOnnxRuntime();
    const graphs = build();
    const engine = createOnnxServing(runtime, name);
    const program = graphs.infer.subarray(0, graphs.infer.length - 5);

    await expect(
      engine.load({ manifest: manifestOf(graphs), program, tensors: zeros(graphs) }),
    ).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });

  test("ends the requests that have begun before it frees a version, and takes no more", async () => {
    const { runtime, name } = await loadOnnxRuntime();
    const graphs = build();
    const session = await createOnnxServing(runtime, name).load({
      manifest: manifestOf(graphs),
      program: graphs.infer,
      tensors: zeros(graphs),
    });
    const value = { shape: [1, 2], data: Float32Array.of(1, 10) };

    const running = Array.from({ length: 20 }, () => session.run({ input: value }));
    const closing = session.close();

    await expect(session.run({ input: value })).rejects.toMatchObject({ code: "CLOSED" });
    const answers = await Promise.all(running);
    expect(answers.map((outputs) => outputs["logits"]?.data.length)).toEqual(Array<number>(20).fill(2));
    await closing;
  });
});
