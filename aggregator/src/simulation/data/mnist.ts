import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { FedgeError } from "@fedge/protocol";
import { MAX_IDX_BYTES, decodeIdx } from "./idx.js";
import { IMAGE_SIDE, NUM_CLASSES, type DigitData, type LabelledImages } from "./labelled-images.js";

/** MNIST's four files; each may end in `.gz`. Fashion-MNIST and other data sets of this form have the same names. */
export const MNIST_FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

/**
 * The images and labels of a directory with MNIST's four files.
 *
 * Throws DATA_MISSING when a file is not there and DATA_CORRUPT when one is not what its name says.
 */
export async function readMnist(directory: string): Promise<DigitData> {
  const [trainImages, trainLabels, testImages, testLabels] = MNIST_FILES;
  return {
    train: await readPair(directory, trainImages, trainLabels),
    test: await readPair(directory, testImages, testLabels),
  };
}

/** The held-out images and labels alone. Throws as `readMnist` does. */
export function readMnistTest(directory: string): Promise<LabelledImages> {
  const [, , images, labels] = MNIST_FILES;
  return readPair(directory, images, labels);
}

async function readPair(directory: string, imagesName: string, labelsName: string): Promise<LabelledImages> {
  const imagesFile = await readEither(directory, imagesName);
  const labelsFile = await readEither(directory, labelsName);
  const images = decodeIdx(imagesFile.bytes, 3, imagesFile.path);
  const labels = decodeIdx(labelsFile.bytes, 1, labelsFile.path);
  const [count = 0, height, width] = images.shape;
  if (count === 0) throw corrupt(imagesFile.path, "it holds no images");
  if (height !== IMAGE_SIDE || width !== IMAGE_SIDE) {
    throw corrupt(imagesFile.path, `its images are ${height} x ${width} where 28 x 28 are expected`);
  }
  if (labels.shape[0] !== count) {
    throw corrupt(labelsFile.path, `it holds ${labels.shape[0]} labels for ${count} images`);
  }
  const strange = labels.values.find((label) => label >= NUM_CLASSES);
  if (strange !== undefined)
    throw corrupt(labelsFile.path, `it holds the label ${strange}; labels are 0 to 9`);
  return { pixels: images.values, labels: labels.values };
}

async function readEither(directory: string, name: string): Promise<{ path: string; bytes: Uint8Array }> {
  for (const path of [join(directory, name), join(directory, `${name}.gz`)]) {
    const bytes = await readBounded(path);
    if (bytes !== undefined) return { path, bytes };
  }
  throw new FedgeError(
    "DATA_MISSING",
    `${directory} has no ${name} (or ${name}.gz). It must hold MNIST's four files: ${MNIST_FILES.join(", ")}; ` +
      "without --data, digits that the simulator draws itself are used.",
    { details: { directory, name } },
  );
}

/** The file's bytes, or undefined when there is none. */
async function readBounded(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > MAX_IDX_BYTES)
        throw corrupt(path, `it has ${size} bytes; at most ${MAX_IDX_BYTES} are read`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof FedgeError) throw cause;
    if (isAbsent(cause)) return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FedgeError(
      "DATA_MISSING",
      `${path} cannot be read: ${why}. Check the path and its permissions.`,
      {
        cause,
      },
    );
  }
}

function isAbsent(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "ENOENT" || code === "ENOTDIR";
}

function corrupt(path: string, what: string): FedgeError {
  return new FedgeError(
    "DATA_CORRUPT",
    `${basename(path)} cannot be used: ${what}. Fetch the data set again.`,
    {
      details: { path },
    },
  );
}
