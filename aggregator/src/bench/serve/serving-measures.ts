import type { BenchResult } from "../result.js";
import type { Latencies, PacedLatencies } from "./latencies.js";

export interface ServingMeasures {
  /** `predict` with the feature log on, in turns with `bare`. */
  readonly device: Latencies;
  /** `run` of a session of the same runtime and model. */
  readonly bare: Latencies;
  /** `predict` with pauses. */
  readonly alone: PacedLatencies;
  /** The same while a training round runs. */
  readonly whileTraining: PacedLatencies;
}

/** What the runtime may add to the median: a tenth, or this. */
const OVERHEAD_MS = 0.05;
const OVERHEAD_RATIO = 1.1;
/** How much longer the slowest of a hundred may take while a round runs. */
const TRAINING_RATIO = 2;
const MICROSECONDS = 1000;

export function servingResults(where: string, of: ServingMeasures): BenchResult[] {
  const { device, bare, alone, whileTraining } = of;
  const bareName = `${where}: bare run, median`;
  const quietName = `${where}: predict, p99`;
  const bar = Math.max(OVERHEAD_RATIO, (bare.medianMs + OVERHEAD_MS) / bare.medianMs);
  const overhead = device.medianMs / bare.medianMs;
  const slowdown = whileTraining.p99Ms / alone.p99Ms;
  return [
    { name: bareName, value: bare.medianMs * MICROSECONDS, unit: "µs" },
    {
      name: `${where}: predict, median`,
      value: device.medianMs * MICROSECONDS,
      unit: "µs",
      ...{ versus: bareName, ratio: overhead, bar, pass: overhead <= bar },
    },
    { name: quietName, value: alone.p99Ms * MICROSECONDS, unit: "µs" },
    {
      name: `${where}: predict while a round trains, p99`,
      value: whileTraining.p99Ms * MICROSECONDS,
      unit: "µs",
      ...{ versus: quietName, ratio: slowdown, bar: TRAINING_RATIO, pass: slowdown <= TRAINING_RATIO },
    },
    {
      name: `${where}: predict in a training's first second, p99`,
      value: whileTraining.beginning.p99Ms * MICROSECONDS,
      unit: "µs",
    },
  ];
}
