import { measureFoldRate, type FoldRates } from "./aggregate/fold-rate.js";
import { median } from "./aggregate/median.js";
import { measurePeakBytes } from "./aggregate/peak-memory.js";
import { measureRelativeError } from "./aggregate/relative-error.js";
import type { BenchResult } from "./result.js";

/** The fold must take update bytes in this many times as fast as numpy. */
const RATE_BAR = 2;
const ERROR_BAR = 1e-6;
/** A hundred times the devices may take this many times the memory. */
const MEMORY_BAR = 1.05;
const NUM_PARAMETERS = 1_000_000;

/**
 * The fold (check and weighted addition of whole updates) beside a plain copy of the same bytes and beside numpy as
 * Flower sums; its error after 10,000 updates; and its memory for 10 and 1,000 devices.
 *
 * Without a Python that has numpy, the lines that compare with it are left out, and its bar is not judged.
 */
export async function benchAggregate(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const encoding of ["float32", "int8"] as const) {
    results.push(...rateResults(await measureFoldRate({ encoding, numParameters: NUM_PARAMETERS })));
  }
  results.push(errorResult(measureRelativeError({ numParameters: 1000, numUpdates: 10_000 })));
  results.push(...(await memoryResults()));
  return results;
}

function rateResults({ encoding, fold, copy, numpy }: FoldRates): BenchResult[] {
  const unit = "GB/s of updates";
  const results: BenchResult[] = [{ name: `copy of ${encoding} updates`, value: copy, unit }];
  const name = `fold of ${encoding} updates`;
  if (numpy === null) {
    const versus = `copy of ${encoding} updates`;
    return [...results, { name, value: fold, unit, versus, ratio: fold / copy }];
  }
  const versus = `numpy sum of ${encoding} updates`;
  const ratio = fold / numpy.weightedSum;
  results.push({ name: versus, value: numpy.weightedSum, unit });
  results.push({ name, value: fold, unit, versus, ratio, bar: RATE_BAR, pass: ratio >= RATE_BAR });
  const inPlace = `numpy in-place sum of ${encoding} updates`;
  results.push({ name: inPlace, value: numpy.inPlace, unit });
  return results;
}

function errorResult(error: number): BenchResult {
  return {
    name: "relative error after 10,000 updates",
    value: error,
    unit: "of the L2 norm",
    versus: "float64 sum",
    bar: ERROR_BAR,
    pass: error <= ERROR_BAR,
  };
}

async function memoryResults(): Promise<BenchResult[]> {
  const peaks = { few: [] as number[], many: [] as number[] };
  for (let repeat = 0; repeat < 3; repeat += 1) {
    peaks.few.push(await measurePeakBytes({ numParameters: NUM_PARAMETERS, numUpdates: 10 }));
    peaks.many.push(await measurePeakBytes({ numParameters: NUM_PARAMETERS, numUpdates: 1000 }));
  }
  const [few, many] = [median(peaks.few), median(peaks.many)];
  const ratio = many / few;
  const name = "peak memory for 10 devices";
  return [
    { name, value: few, unit: "bytes" },
    {
      name: "peak memory for 1,000 devices",
      value: many,
      unit: "bytes",
      versus: name,
      ratio,
      bar: MEMORY_BAR,
      pass: ratio <= MEMORY_BAR,
    },
  ];
}
