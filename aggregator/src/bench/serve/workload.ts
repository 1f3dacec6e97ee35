import { twoNN } from "@fedge/onnx-autodiff/zoo";
import type { TrainingData } from "@fedge/device-runtime";
import { createRandom } from "@fedge/protocol";
import type { ServerChild } from "./server-child.js";

export const MODEL = "digits";
export const INPUTS = 784;
const CLASSES = 10;
const NUM_EXAMPLES = 600;

/** One request, with the batch of one that an app asks with. */
export function oneInput(): Float32Array<ArrayBuffer> {
  const random = createRandom("bench/input");
  return Float32Array.from({ length: INPUTS }, () => random.unit());
}

/** Examples that nothing can be learned from, which cost what others cost. */
export function benchExamples(): TrainingData {
  const random = createRandom("bench/examples");
  const pixels = Float32Array.from({ length: NUM_EXAMPLES * INPUTS }, () => random.unit());
  const labels = BigInt64Array.from({ length: NUM_EXAMPLES }, () => BigInt(random.below(CLASSES)));
  const examples = {
    numExamples: NUM_EXAMPLES,
    inputs: { input: { shape: [NUM_EXAMPLES, INPUTS], data: pixels } },
    target: { shape: [NUM_EXAMPLES], data: labels },
  };
  return { numExamples: () => NUM_EXAMPLES, examples: () => examples };
}

/** So many that every round is a training of at least ten seconds on one device. */
const LONG_EPOCHS = 400;

/** Imports 2nn, and creates a task whose every round is a training of so many epochs on one device. */
export async function prepareServer(
  server: ServerChild,
  { epochs } = { epochs: LONG_EPOCHS },
): Promise<Uint8Array<ArrayBuffer>> {
  const onnx = new Uint8Array(twoNN({ seed: 1 }));
  await server.post(`/v1/models?model=${MODEL}&loss=softmax-cross-entropy`, onnx);
  await server.post("/v1/tasks", benchTask(epochs));
  return server.get(`/v1/models/${MODEL}/versions/1/export?format=onnx`);
}

function benchTask(epochs: number): object {
  const soon = { minMs: 0, maxMs: 50 };
  return {
    ...{ taskId: "bench", model: MODEL, seed: "1", maxRounds: 1000, targetAccuracy: null },
    round: {
      ...{ goalReports: 1, minReports: 1, overSelection: 1, minAvailable: 1, minSeparationRounds: 0 },
      ...{ selectionDeadlineMs: 600_000, reportingDeadlineMs: 600_000, lostGraceMs: 60_000 },
      ...{ close: "cohort", pauseBetweenRoundsMs: 0, poolLimit: 10, poolWaitMs: 600_000 },
      ...{ retryAfterRound: soon, retryAfterRejection: soon },
    },
    training: {
      ...{ epochs, batchSize: 32, learningRate: 0.01, proximalMu: 0 },
      ...{ maxExamples: 1000, minExamples: 1 },
    },
    update: { encoding: "float32", maxNorm: 1000 },
    serverOptimizer: { kind: "fedavg", learningRate: 1 },
    release: { everyVersions: 1000 },
  };
}
