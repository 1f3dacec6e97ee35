import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MNIST_FILES, readMnist } from "./mnist.js";

const bigEndian = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];

const images = (count: number, side = 28): Uint8Array =>
  Uint8Array.from([
    ...[0, 0, 8, 3, ...bigEndian(count), ...bigEndian(side), ...bigEndian(side)],
    ...Array.from({ length: count * side * side }, (_, index) => index % 251),
  ]);
const labels = (...values: number[]): Uint8Array =>
  Uint8Array.from([0, 0, 8, 1, ...bigEndian(values.length), ...values]);

describe("readMnist", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-mnist-"));
    await put("train-images-idx3-ubyte.gz", gzipSync(images(3)));
    await put("train-labels-idx1-ubyte", labels(7, 0, 9));
    await put("t10k-images-idx3-ubyte", images(1));
    await put("t10k-labels-idx1-ubyte.gz", gzipSync(labels(4)));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const put = (name: string, bytes: Uint8Array): Promise<void> => writeFile(join(directory, name), bytes);

  test("reads the four files, gzipped or plain", async () => {
    const data = await readMnist(directory);

    expect([...data.train.labels]).toEqual([7, 0, 9]);
    expect([...data.test.labels]).toEqual([4]);
    expect(data.train.pixels).toHaveLength(3 * 784);
    expect(data.train.pixels[784]).toBe(784 % 251);
  });

  test("says which file is missing and which four are expected", async () => {
    await rm(join(directory, "t10k-images-idx3-ubyte"));

    const failure = await readMnist(directory).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: "DATA_MISSING" });
    expect((failure as Error).message).toContain("has no t10k-images-idx3-ubyte");
    for (const name of MNIST_FILES) expect((failure as Error).message).toContain(name);
  });

  test("says that a directory that does not exist lacks its files", async () => {
    await expect(readMnist(join(directory, "nowhere"))).rejects.toMatchObject({ code: "DATA_MISSING" });
  });

  test.each<[string, string, Uint8Array, RegExp]>([
    ["images of another size", "t10k-images-idx3-ubyte", images(1, 27), /27 x 27 where 28 x 28/],
    ["another number of labels", "train-labels-idx1-ubyte", labels(1, 2), /2 labels for 3 images/],
    ["a label above 9", "train-labels-idx1-ubyte", labels(1, 2, 10), /the label 10/],
    ["no images", "t10k-images-idx3-ubyte", images(0), /no images/],
  ])("refuses %s", async (_, name, bytes, message) => {
    await put(name, bytes);

    const failure = await readMnist(directory).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: "DATA_CORRUPT" });
    expect((failure as Error).message).toMatch(message);
  });
});
