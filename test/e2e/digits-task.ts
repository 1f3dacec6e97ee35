import { createDevice, type NodeDeviceOptions } from "@fedge/device-runtime/node";
import type { Device, TrainingData } from "@fedge/device-runtime";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { createRandom } from "@fedge/protocol";
import type { ServerProcess } from "./server-process.js";

export const INPUTS = 16;
export const CLASSES = 3;

/** Three overlapping clouds of points: enough to learn, small enough for a round in a blink. */
export function cloudExamples(seed: string, numExamples = 60): TrainingData {
  const random = createRandom(seed);
  const labels = BigInt64Array.from({ length: numExamples }, () => BigInt(random.below(CLASSES)));
  const data = Float32Array.from({ length: numExamples * INPUTS }, (_, at) => {
    const label = Number(labels[Math.floor(at / INPUTS)]);
    return ((at % INPUTS) % CLASSES === label ? 1 : 0) + random.unit() - 0.5;
  });
  const examples = {
    numExamples,
    inputs: { input: { shape: [numExamples, INPUTS], data } },
    target: { shape: [numExamples], data: labels },
  };
  return { numExamples: () => numExamples, examples: () => examples };
}

export function importClouds(server: ServerProcess): Promise<unknown> {
  const bytes = new Uint8Array(logistic({ inputs: INPUTS, classes: CLASSES, seed: 1 }));
  return server.post("/v1/models?model=clouds&loss=softmax-cross-entropy", bytes);
}

export function startDevice(
  server: string,
  stateDirectory: string,
  seed: string,
  more: Partial<NodeDeviceOptions> = {},
): Promise<Device> {
  return createDevice({
    server,
    stateDirectory,
    models: ["clouds"],
    trainingData: { clouds: cloudExamples(seed) },
    consent: { training: true, reporting: true },
    ...more,
  });
}

const soon = { minMs: 0, maxMs: 50 };

/** A task of the clouds model; `round` and the rest replace parts of it. */
export function cloudsTask(
  changes: { readonly [key: string]: unknown } & { readonly round?: object },
): object {
  const { round, ...rest } = changes;
  return {
    taskId: "clouds-1",
    model: "clouds",
    seed: "1",
    maxRounds: 5,
    targetAccuracy: null,
    training: {
      epochs: 1,
      batchSize: 10,
      learningRate: 0.1,
      proximalMu: 0,
      maxExamples: 1000,
      minExamples: 1,
    },
    update: { encoding: "float32", maxNorm: 100 },
    serverOptimizer: { kind: "fedavg", learningRate: 1 },
    release: { everyVersions: 1 },
    ...rest,
    round: {
      goalReports: 3,
      minReports: 1,
      overSelection: 1,
      minAvailable: 3,
      selectionDeadlineMs: 120_000,
      reportingDeadlineMs: 120_000,
      lostGraceMs: 60_000,
      close: "cohort",
      pauseBetweenRoundsMs: 0,
      minSeparationRounds: 0,
      poolLimit: 100,
      poolWaitMs: 600_000,
      retryAfterRound: soon,
      retryAfterRejection: soon,
      ...round,
    },
  };
}
