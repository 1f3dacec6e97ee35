import { createOnnxTrainer } from "@fedge/device-runtime/engine-onnx";
// Compiled, as the entry of the trainer's process is.
import { createProcessTrainer, loadOnnxRuntime } from "@fedge/device-runtime/node";
import { buildTrainingGraphs } from "@fedge/onnx-autodiff";
import { twoNN } from "@fedge/onnx-autodiff/zoo";
import { createRandom, type ModelManifest } from "@fedge/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { StopSignal, Trainer, TrainingRequest } from "../core/ports/engine.js";

const NUM_EXAMPLES = 100;
const STEPS_PER_EPOCH = 10;
const graphs = buildTrainingGraphs(twoNN({ seed: 1 }), { loss: "softmax-cross-entropy" });
const never: StopSignal = {
  aborted: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};

function requestOf(epochs: number): TrainingRequest {
  const random = createRandom("examples");
  const specs = (tensors: typeof graphs.parameters): object[] =>
    tensors.map(({ name, shape }) => ({ name, shape, elementType: "float32" }));
  const manifest = {
    parameters: specs(graphs.parameters),
    state: specs(graphs.state),
    inputs: [{ name: "input", elementType: "float32", shape: [null, 784] }],
    target: { name: "target", elementType: "int64", shape: [null] },
    proximal: false,
  } as unknown as ModelManifest;
  return {
    manifest,
    program: graphs.train,
    programSha256: "graph",
    tensors: [...graphs.parameters, ...graphs.state] as unknown as TrainingRequest["tensors"],
    plan: { epochs, batchSize: 10, learningRate: 0.1, proximalMu: 0, maxExamples: NUM_EXAMPLES, seed: "s" },
    seed: "s/device",
    examples: {
      numExamples: NUM_EXAMPLES,
      inputs: {
        input: {
          shape: [NUM_EXAMPLES, 784],
          data: Float32Array.from({ length: NUM_EXAMPLES * 784 }, () => random.unit()),
        },
      },
      target: {
        shape: [NUM_EXAMPLES],
        data: BigInt64Array.from({ length: NUM_EXAMPLES }, (_, at) => BigInt(at % 10)),
      },
    },
  };
}

/** Longer than any test waits: it ends because something ends it. */
const endless = requestOf(1000);

const open: Trainer[] = [];
afterEach(async () => {
  for (const trainer of open.splice(0)) await trainer.close();
});

function openTrainer(options: { readonly deadlineMs?: number } = {}): {
  readonly trainer: Trainer;
  readonly pids: number[];
} {
  const pids: number[] = [];
  const trainer = createProcessTrainer({ ...options, onStarted: (pid) => pids.push(pid) });
  open.push(trainer);
  return { trainer, pids };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const bitsOf = (values: Float32Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("training in a process of its own", () => {
  test("gives the in-thread trainer's update, bit for bit", async () => {
    const { runtime } = await loadOnnxRuntime();
    const inThread = createOnnxTrainer(runtime, { nowMs: () => performance.now(), yieldToOthers: turn });
    open.push(inThread);
    const expected = await inThread.train(requestOf(1), never);

    const actual = await openTrainer().trainer.train(requestOf(1), never);

    expect(bitsOf(actual.delta).equals(bitsOf(expected.delta))).toBe(true);
    expect(actual.metrics.lossAfter).toBe(expected.metrics.lossAfter);
  });

  test("leaves the parent's event loop to the app, which turns more often than a step ends", async () => {
    const { trainer } = openTrainer();
    await trainer.train(requestOf(1), never);
    const epochs = 20;
    let isOver = false;
    const training = trainer.train(requestOf(epochs), never).finally(() => (isOver = true));
    let numTurns = 0;
    for (; !isOver; numTurns += 1) await turn();

    await training;
    expect(numTurns).toBeGreaterThan(10 * epochs * STEPS_PER_EPOCH);
  }, 240_000);

  test("is TRAINER_DIED when the process is killed, and the next training starts another", async () => {
    const { trainer, pids } = openTrainer();
    await trainer.train(requestOf(1), never);
    const training = trainer.train(endless, never);
    process.kill(pids[0] as number, "SIGKILL");

    await expect(training).rejects.toMatchObject({ code: "TRAINER_DIED" });
    await expect(trainer.train(requestOf(1), never)).resolves.toMatchObject({ numExamples: NUM_EXAMPLES });
    expect(new Set(pids).size).toBe(2);
  });

  test("is TRAINING_INTERRUPTED within a second of a stop", async () => {
    const { trainer } = openTrainer();
    await trainer.train(requestOf(1), never);
    const stop = new AbortController();
    const training = trainer.train(endless, stop.signal);
    await turn();
    const stoppedAtMs = performance.now();
    stop.abort();

    await expect(training).rejects.toMatchObject({ code: "TRAINING_INTERRUPTED" });
    expect(performance.now() - stoppedAtMs).toBeLessThan(1000);
  });

  test("begins at once where another is being stopped, in the same process", async () => {
    const { trainer, pids } = openTrainer();
    // A process that is still being started would be ended by a stop.
    await trainer.train(requestOf(1), never);
    const stop = new AbortController();
    const stopped = expect(trainer.train(endless, stop.signal)).rejects.toMatchObject({
      code: "TRAINING_INTERRUPTED",
    });
    stop.abort();

    await expect(trainer.train(requestOf(1), never)).resolves.toMatchObject({ numExamples: NUM_EXAMPLES });
    await stopped;
    expect(pids).toHaveLength(1);
  });

  test("is DEADLINE_EXCEEDED when it takes longer than it may", async () => {
    const { trainer } = openTrainer({ deadlineMs: 50 });

    await expect(trainer.train(endless, never)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  test("starts no process for a training that was stopped before it began", async () => {
    const { trainer, pids } = openTrainer();

    await expect(trainer.train(requestOf(1), AbortSignal.abort())).rejects.toMatchObject({
      code: "TRAINING_INTERRUPTED",
    });
    expect(pids).toEqual([]);
  });
});

describe("closing the trainer", () => {
  test("leaves no process, though it was training", async () => {
    const { trainer, pids } = openTrainer();
    const training = expect(trainer.train(endless, never)).rejects.toMatchObject({ code: "TRAINER_DIED" });
    await trainer.close();

    await training;
    expect(pids.map(isAlive)).toEqual([false]);
  });

  test("refuses what comes later, so that no process is left", async () => {
    const { trainer, pids } = openTrainer();
    await trainer.close();

    await expect(trainer.train(requestOf(1), never)).rejects.toMatchObject({ code: "CLOSED" });
    expect(pids).toEqual([]);
  });
});
