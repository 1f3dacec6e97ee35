import { IMAGE_PIXELS, imageTensor, labelTensor, type LabelledImages } from "../data/labelled-images.js";
import type { ExampleTensor } from "../workload.js";

/** The examples of all devices as the model takes them, in memory that every thread shares. */
export interface FleetExamples {
  readonly input: ExampleTensor;
  readonly target: ExampleTensor;
  /** What apps note with the prediction of each example. */
  readonly noted?: NotedField;
}

export interface NotedField {
  readonly name: string;
  readonly values: readonly string[];
  /** For each example, which value; memory that threads share. */
  readonly codes: Uint8Array;
}

/** Where a device's examples stand in those of the fleet. */
export interface ExampleRange {
  readonly first: number;
  readonly count: number;
}

/** Examples in the order of the devices that own them, so that a device trains on its part without a copy. */
export interface ArrangedExamples {
  readonly examples: FleetExamples;
  readonly ranges: readonly ExampleRange[];
}

/** Ranges of this many examples each, one after the other. */
export function rangesOf(counts: readonly number[]): readonly ExampleRange[] {
  let first = 0;
  return counts.map((count) => {
    const range = { first, count };
    first += count;
    return range;
  });
}

/** Images by device. They take four bytes a pixel, once for the whole fleet. */
export function arrangeImages(images: LabelledImages, partition: readonly Uint32Array[]): ArrangedExamples {
  const numExamples = partition.reduce((sum, part) => sum + part.length, 0);
  const pixels = new Float32Array(
    new SharedArrayBuffer(numExamples * IMAGE_PIXELS * Float32Array.BYTES_PER_ELEMENT),
  );
  const labels = new BigInt64Array(new SharedArrayBuffer(numExamples * BigInt64Array.BYTES_PER_ELEMENT));
  const ranges = rangesOf(partition.map((part) => part.length));
  partition.forEach((part, index) => {
    const first = ranges[index]?.first ?? 0;
    pixels.set(imageTensor(images, part), first * IMAGE_PIXELS);
    labels.set(labelTensor(images, part), first);
  });
  return {
    examples: {
      input: { elementType: "float32", exampleShape: [IMAGE_PIXELS], data: pixels },
      target: { elementType: "int64", exampleShape: [], data: labels },
    },
    ranges,
  };
}
