import { IMAGE_PIXELS, imageTensor, labelTensor, type LabelledImages } from "../data/labelled-images.js";

/** The examples of all devices as the model takes them, in memory that every thread shares. */
export interface FleetExamples {
  /** float32 [N, 784] in [0, 1]. */
  readonly pixels: Float32Array;
  /** int64 [N]. */
  readonly labels: BigInt64Array;
}

/** Where a device's examples stand in those of the fleet. */
export interface ExampleRange {
  readonly first: number;
  readonly count: number;
}

/**
 * Examples in the order of the devices that own them, so that a device trains on its part without a copy. They take
 * four bytes a pixel, once for the whole fleet.
 */
export function arrangeExamples(
  images: LabelledImages,
  partition: readonly Uint32Array[],
): { readonly examples: FleetExamples; readonly ranges: readonly ExampleRange[] } {
  const numExamples = partition.reduce((sum, part) => sum + part.length, 0);
  const pixels = new Float32Array(
    new SharedArrayBuffer(numExamples * IMAGE_PIXELS * Float32Array.BYTES_PER_ELEMENT),
  );
  const labels = new BigInt64Array(new SharedArrayBuffer(numExamples * BigInt64Array.BYTES_PER_ELEMENT));
  let first = 0;
  const ranges = partition.map((part): ExampleRange => {
    const range = { first, count: part.length };
    pixels.set(imageTensor(images, part), first * IMAGE_PIXELS);
    labels.set(labelTensor(images, part), first);
    first += part.length;
    return range;
  });
  return { examples: { pixels, labels }, ranges };
}
