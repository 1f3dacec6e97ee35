import { drawDigits } from "../simulation/data/synthetic-digits.js";
import { timeBareTraining } from "../simulation/bare-training/bare-training.js";
import { decodeSimulationOptions, type SimulationOptions } from "../simulation/options.js";
import { silentProgress } from "../simulation/progress.js";
import { simulate } from "../simulation/simulate.js";
import type { BenchResult } from "./result.js";

const MODEL = "2nn";
const ROUNDS = 20;
const EXAMPLES_PER_DEVICE = 600;
/** Rounds may take so many times as long as their training steps alone. */
const BAR = 2.5;
const BARE = "the same steps in bare loops";

/**
 * Twenty rounds of a hundred simulated devices (2NN, 600 examples each, C = 0.1, E = 1, B = 10: McMahan et al. 2017)
 * beside the same training steps in bare loops, one on each of as many threads.
 *
 * The bar is on the rounds, from the first selection to the end of the task with everything that devices, broker and
 * aggregator do in between; starting a server and a hundred devices is measured and shown beside it.
 */
export async function benchRound(): Promise<BenchResult[]> {
  const options = decodeSimulationOptions({ model: MODEL, rounds: String(ROUNDS), testExamples: "1000" });
  const bareSeconds = await timeBare(options);
  const run = await simulate(options, { progress: silentProgress, signal: new AbortController().signal });
  const ratio = run.roundsSeconds / bareSeconds;
  const wholeSeconds = run.wallSeconds - run.dataSeconds;
  return [
    { name: BARE, value: bareSeconds, unit: "s" },
    {
      name: `${ROUNDS} rounds`,
      value: run.roundsSeconds,
      unit: "s",
      ...{ versus: BARE, ratio, bar: BAR, pass: ratio <= BAR },
    },
    {
      name: "from starting to every device serving the result",
      value: wholeSeconds,
      unit: "s",
      ...{ versus: BARE, ratio: wholeSeconds / bareSeconds },
    },
    { name: "rate", value: ROUNDS / run.roundsSeconds, unit: "rounds/s" },
    { name: "up", value: run.bytesUp / ROUNDS, unit: "bytes/round" },
    { name: "down", value: run.bytesDown / ROUNDS, unit: "bytes/round" },
    { name: "accuracy after the last round", value: run.testAccuracy ?? Number.NaN, unit: "fraction" },
  ];
}

async function timeBare(options: SimulationOptions): Promise<number> {
  const { train } = drawDigits({ seed: options.seed, numTrain: EXAMPLES_PER_DEVICE, numTest: 0 });
  const { epochs, batchSize, learningRate, numWorkers, goalReports } = options;
  const maxExamples = EXAMPLES_PER_DEVICE;
  const bare = await timeBareTraining({
    ...{ model: MODEL, numWorkers, images: train },
    plan: { epochs, batchSize, learningRate, proximalMu: 0, maxExamples, seed: "bench" },
    numTrainings: ROUNDS * goalReports,
  });
  return bare.seconds;
}
