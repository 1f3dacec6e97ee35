import type { ModelName } from "@fedge/protocol";
import { partitionExamples } from "../../simulation/data/partition.js";
import { digitsModel, heldOutImages, loadDigits } from "../../simulation/digits.js";
import { arrangeImages } from "../../simulation/fleet/fleet-examples.js";
import { SAMPLE_SEED, type Sample } from "./sample.js";

const MODEL = "digits" as ModelName;

/** Drawn digits, of which no two devices have the same mix. */
export async function sampleDigits(numDevices: number): Promise<Sample> {
  const data = await loadDigits({ directory: null, seed: SAMPLE_SEED, numDevices });
  const division = { kind: "dirichlet", alpha: 0.5, numDevices, seed: SAMPLE_SEED } as const;
  return {
    model: MODEL,
    initial: digitsModel(MODEL, "2nn", SAMPLE_SEED),
    fleet: arrangeImages(data.train, partitionExamples(data.train.labels, division)),
    heldOut: heldOutImages(data.test),
    training: { batchSize: 20, learningRate: 0.05 },
    serverOptimizer: { kind: "fedavg", learningRate: 1 },
    update: { encoding: "float16", maxNorm: 1000 },
    close: "goal",
    maxRounds: 50,
    pauseBetweenRoundsMs: 2000,
    releaseEveryVersions: 5,
    afterwards: null,
  };
}
