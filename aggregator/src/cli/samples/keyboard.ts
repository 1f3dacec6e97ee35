import { UNKNOWN } from "@fedge/browser-demo/words";
import type { ModelName } from "@fedge/protocol";
import { loadNextWord } from "../../simulation/next-word/next-word.js";
import { SAMPLE_SEED, type Sample } from "./sample.js";

const MODEL = "next-word" as ModelName;
const TEST_EXAMPLES = 2000;

/** What the personas of the sample corpus type, for the keyboard page. */
export async function sampleKeyboard(numDevices: number): Promise<Sample> {
  const of = { directory: null, numDevices, numTestExamples: TEST_EXAMPLES, model: MODEL, seed: SAMPLE_SEED };
  const { model, fleet, heldOut } = await loadNextWord(of);
  return {
    ...{ model: MODEL, initial: model, fleet, heldOut, unknownToken: UNKNOWN },
    training: { batchSize: 16, learningRate: 1 },
    serverOptimizer: { kind: "fedadam", learningRate: 0.01 },
    // One device's step is noise beside all devices' together, and a page sends it over a real line.
    update: { encoding: "int8", maxNorm: 1000 },
    close: "cohort",
    maxRounds: 80,
    pauseBetweenRoundsMs: 1000,
    releaseEveryVersions: 2,
    // What there is to learn from the simulated people is learned by then; whoever opens a page has more.
    afterwards: {
      serverOptimizer: { kind: "fedadam", learningRate: 0.002 },
      maxRounds: 10_000,
      pauseBetweenRoundsMs: 20_000,
      releaseEveryVersions: 1,
    },
  };
}
