import type { BenchResult } from "../result.js";
import type { MergeMeasures } from "./merge-rate.js";
import type { MonitorMeasures } from "./monitored-predictions.js";

/** What the monitor may add to a prediction, microseconds. */
const MOST_ADDED_US = 20;
/** Bytes of a whole message with a window's counts. */
const MOST_BYTES = 4096;
const LEAST_VECTORS = 100_000;
/**
 * Values that whylogs profiles in a second on one core, by its README: 34 million rows of 43 columns in 2.6 minutes on two
 * machines of 8 cores.
 */
const WHYLOGS_VALUES = (34e6 * 43) / (2.6 * 60) / 16;

export function driftResults(of: MonitorMeasures & MergeMeasures): BenchResult[] {
  const plain = "Node: predict without a monitor, median";
  const addedUs = of.addedMs * 1000;
  const published = "whylogs as published, another machine";
  // By the mean: some predictions count for others.
  const countedPerSecond = (of.numFeatures / (of.meanAddedMs * 1000)) * 1e6;
  return [
    { name: plain, value: of.plain.medianMs * 1000, unit: "µs" },
    {
      ...{ name: `Node: predict with a monitor of ${of.numFeatures} features, median`, versus: plain },
      ...{ value: of.watched.medianMs * 1000, unit: "µs", ratio: of.watched.medianMs / of.plain.medianMs },
    },
    {
      ...{ name: "Node: what the monitor adds, median of paired calls", value: addedUs, unit: "µs" },
      ...{ bar: MOST_ADDED_US, pass: addedUs <= MOST_ADDED_US },
    },
    {
      name: "Node: what the monitor adds, mean of the middle 98 %",
      ...{ value: of.meanAddedMs * 1000, unit: "µs" },
    },
    {
      ...{ name: "values that a device takes in, one core", value: countedPerSecond, unit: "/s" },
      ...{ versus: published, ratio: countedPerSecond / WHYLOGS_VALUES },
    },
    { name: published, value: WHYLOGS_VALUES, unit: "/s" },
    { name: "counts of a window of 200 rows", value: of.vectorBytes, unit: "bytes" },
    {
      ...{ name: "the message that carries them", value: of.messageBytes, unit: "bytes" },
      ...{ bar: MOST_BYTES, pass: of.messageBytes <= MOST_BYTES },
    },
    {
      ...{ name: "vectors merged, one core", value: of.mergedPerSecond, unit: "/CPU s" },
      ...{ bar: LEAST_VECTORS, pass: of.mergedPerSecond >= LEAST_VECTORS },
    },
    {
      name: "messages taken: base64, varints, checks and merge",
      ...{ value: of.takenPerSecond, unit: "/CPU s" },
    },
    { name: "the same, merged into a cohort's sums too", value: of.takenByCohortPerSecond, unit: "/CPU s" },
  ];
}
