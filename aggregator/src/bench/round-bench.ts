import { takeExamples } from "../simulation/data/labelled-images.js";
import { drawDigits } from "../simulation/data/synthetic-digits.js";
import { timeBareTraining } from "../simulation/bare-training/bare-training.js";
import { decodeSimulationOptions } from "../simulation/options.js";
import { silentProgress } from "../simulation/progress.js";
import { simulate } from "../simulation/simulate.js";
import type { BenchResult } from "./result.js";

const ROUNDS = 20;
const EXAMPLES_PER_DEVICE = 600;
/** A federated run may take so many times as long as its training steps alone. */
const BAR = 2.5;

/**
 * Twenty rounds of a hundred simulated devices (2NN, 600 examples each, C = 0.1, E = 1, B = 10: McMahan et al. 2017)
 * beside the same training steps in bare loops on as many threads. Everything but drawing the images is counted.
 */
export async function benchRound(): Promise<BenchResult[]> {
  const options = decodeSimulationOptions({ rounds: String(ROUNDS), testExamples: "1000" });
  const run = await simulate(options, { progress: silentProgress, signal: new AbortController().signal });
  const { train } = drawDigits({ seed: options.seed, numTrain: EXAMPLES_PER_DEVICE, numTest: 0 });
  const { epochs, batchSize, learningRate, numWorkers } = options;
  const bare = await timeBareTraining({
    model: options.model,
    images: takeExamples(train, EXAMPLES_PER_DEVICE),
    plan: { epochs, batchSize, learningRate, proximalMu: 0, maxExamples: EXAMPLES_PER_DEVICE, seed: "bench" },
    numTrainings: ROUNDS * options.goalReports,
    numWorkers,
  });
  const seconds = run.wallSeconds - run.dataSeconds;
  const ratio = seconds / bare.seconds;
  return [
    { name: "bare training steps", value: bare.seconds, unit: "s" },
    {
      name: `${ROUNDS} rounds, start to end`,
      value: seconds,
      unit: "s",
      versus: "bare training steps",
      ratio,
      bar: BAR,
      pass: ratio <= BAR,
    },
    {
      name: "rounds alone",
      value: run.taskSeconds,
      unit: "s",
      versus: "bare training steps",
      ratio: run.taskSeconds / bare.seconds,
    },
    { name: "rate", value: ROUNDS / run.taskSeconds, unit: "rounds/s" },
    { name: "up", value: run.bytesUp / ROUNDS, unit: "bytes/round" },
    { name: "down", value: run.bytesDown / ROUNDS, unit: "bytes/round" },
    { name: "accuracy after the last round", value: run.testAccuracy ?? Number.NaN, unit: "fraction" },
  ];
}
