import { createRandom, encodeUpdate, type UpdateEncoding } from "@fedge/protocol";
import { FixedPointFold } from "../../aggregation/fold.js";
import { median } from "./median.js";
import { startNumpySum, type NumpySeconds, type NumpySum } from "./numpy-sum.js";

/** Gigabytes (1e9) of encoded updates in a second; medians of repeats that took turns. */
export interface FoldRates {
  readonly encoding: UpdateEncoding;
  readonly copy: number;
  readonly fold: number;
  /** Null where there is no Python with numpy. */
  readonly numpy: { readonly weightedSum: number; readonly inPlace: number } | null;
}

export interface FoldRateOptions {
  readonly encoding: UpdateEncoding;
  readonly numParameters: number;
  readonly numUpdates?: number;
  readonly numRepeats?: number;
}

const BOUNDS = { maxNorm: 100, maxExamplesPerDevice: 1000, maxCohortSize: 10_000 };

/**
 * Sums the same cohort again and again: copy, fold, numpy, copy, … so that what else the machine does hits all alike.
 * The fold's time holds everything from bytes to mean: load, check, add and divide.
 */
export async function measureFoldRate(options: FoldRateOptions): Promise<FoldRates> {
  const { encoding, numParameters, numUpdates = 32, numRepeats = 9 } = options;
  const updates = makeUpdates(encoding, numParameters, numUpdates);
  const numBytes = updates.reduce((sum, update) => sum + update.byteLength, 0);
  const fold = new FixedPointFold({ numParameters, ...BOUNDS });
  const target = new Uint8Array(updates[0]?.byteLength ?? 0);
  const numpy = await startNumpySum({ encoding, numParameters, numUpdates });
  try {
    const seconds = await takeTurns(numRepeats, {
      copy: () => updates.forEach((update) => target.set(update)),
      fold: () => foldAll(fold, updates, encoding),
      numpy,
    });
    const rate = (times: readonly number[]): number => numBytes / median(times) / 1e9;
    return {
      encoding,
      copy: rate(seconds.copy),
      fold: rate(seconds.fold),
      numpy: numpy && {
        weightedSum: rate(seconds.numpy.map((one) => one.weightedSum)),
        inPlace: rate(seconds.numpy.map((one) => one.inPlace)),
      },
    };
  } finally {
    numpy?.close();
    fold.close();
  }
}

interface Turns {
  readonly copy: () => void;
  readonly fold: () => void;
  readonly numpy: NumpySum | null;
}

/** Seconds of each repeat; the first, in which code is compiled and memory first touched, is not counted. */
async function takeTurns(numRepeats: number, { copy, fold, numpy }: Turns) {
  const seconds = { copy: [] as number[], fold: [] as number[], numpy: [] as NumpySeconds[] };
  for (let repeat = 0; repeat <= numRepeats; repeat += 1) {
    const turn = { copy: secondsOf(copy), fold: secondsOf(fold), numpy: await numpy?.run() };
    if (repeat === 0) continue;
    seconds.copy.push(turn.copy);
    seconds.fold.push(turn.fold);
    if (turn.numpy !== undefined) seconds.numpy.push(turn.numpy);
  }
  return seconds;
}

function foldAll(fold: FixedPointFold, updates: readonly Uint8Array[], encoding: UpdateEncoding): void {
  fold.reset();
  updates.forEach((update, index) => fold.add(update, encoding, index + 1));
  fold.mean();
}

function makeUpdates(encoding: UpdateEncoding, numParameters: number, numUpdates: number): Uint8Array[] {
  const random = createRandom("fold-rate");
  return Array.from({ length: numUpdates }, () => {
    const values = Float32Array.from({ length: numParameters }, () => 0.02 * (random.unit() - 0.5));
    return encodeUpdate(values, encoding, random);
  });
}

function secondsOf(run: () => void): number {
  const startMs = performance.now();
  run();
  return (performance.now() - startMs) / 1000;
}
