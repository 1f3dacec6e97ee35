export const IMAGE_SIDE = 28;
export const IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE;
export const NUM_CLASSES = 10;

/** Grey images of 28 x 28 pixels with a class each. Pixels stay bytes until a device trains: a quarter of the memory. */
export interface LabelledImages {
  /** [N, 784] row-major, 0 for background to 255 for ink. */
  readonly pixels: Uint8Array;
  /** [N], 0 to 9. */
  readonly labels: Uint8Array;
}

export interface DigitData {
  readonly train: LabelledImages;
  /** Held out: no device sees it. */
  readonly test: LabelledImages;
}

/**
 * The images of these examples as float32 [n, 784] in [0, 1], in the given order.
 *
 * They are scaled and not centred, as in the published federated MNIST experiments (McMahan et al. 2017;
 * TensorFlow Federated's EMNIST tutorial), so that rounds to an accuracy compare.
 */
export function imageTensor(images: LabelledImages, examples: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const tensor = new Float32Array(examples.length * IMAGE_PIXELS);
  const { pixels } = images;
  // Looked up, not divided: every training of every device begins here.
  const shades = Float32Array.from({ length: 256 }, (_, grey) => grey / 255);
  for (let row = 0; row < examples.length; row += 1) {
    const from = (examples[row] as number) * IMAGE_PIXELS;
    const to = row * IMAGE_PIXELS;
    for (let pixel = 0; pixel < IMAGE_PIXELS; pixel += 1) {
      tensor[to + pixel] = shades[pixels[from + pixel] as number] as number;
    }
  }
  return tensor;
}

/** The labels of these examples as int64 [n], in the given order. */
export function labelTensor(images: LabelledImages, examples: ArrayLike<number>): BigInt64Array<ArrayBuffer> {
  return BigInt64Array.from(examples, (example) => BigInt(images.labels[example] as number));
}

/** The numbers 0 to count - 1. */
export function firstExamples(count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, index) => index);
}

/** The first `count` examples, without copying. */
export function takeExamples(images: LabelledImages, count: number): LabelledImages {
  return {
    pixels: images.pixels.subarray(0, count * IMAGE_PIXELS),
    labels: images.labels.subarray(0, count),
  };
}
