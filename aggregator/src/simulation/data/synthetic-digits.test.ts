import { describe, expect, test } from "vitest";
import { IMAGE_PIXELS, imageTensor, labelTensor } from "./labelled-images.js";
import { drawDigits } from "./synthetic-digits.js";

const drawn = drawDigits({ seed: "invariants", numTrain: 2000, numTest: 500 });

const image = (pixels: Uint8Array, index: number): Uint8Array =>
  pixels.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS);

describe("drawDigits", () => {
  test("has the same number of each class", () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (const label of drawn.test.labels) counts[label] = (counts[label] as number) + 1;

    expect(counts).toEqual(Array.from({ length: 10 }, () => 50));
  });

  test("draws the same images for the same seed and others for another", () => {
    const again = drawDigits({ seed: "invariants", numTrain: 20, numTest: 10 });
    const other = drawDigits({ seed: "other", numTrain: 20, numTest: 10 });

    expect(again.train.pixels).toEqual(drawn.train.pixels.subarray(0, 20 * IMAGE_PIXELS));
    expect(other.train.pixels).not.toEqual(again.train.pixels);
  });

  test("draws no image twice and none of the test set in the training set", () => {
    const images = [drawn.train, drawn.test].flatMap(({ pixels, labels }) =>
      [...labels.keys()].map((index) => Buffer.from(image(pixels, index)).toString("base64")),
    );

    expect(new Set(images).size).toBe(2500);
  });

  test("draws ink mostly in the middle: the border's mean is below a third of the centre's", () => {
    const ink = { border: 0, numBorder: 0, centre: 0, numCentre: 0 };
    drawn.train.pixels.forEach((value, index) => {
      const [row, column] = [Math.floor((index % IMAGE_PIXELS) / 28), index % 28];
      if (row < 3 || row > 24 || column < 3 || column > 24) {
        ink.border += value;
        ink.numBorder += 1;
      } else if (row >= 9 && row < 19 && column >= 9 && column < 19) {
        ink.centre += value;
        ink.numCentre += 1;
      }
    });

    expect(ink.border / ink.numBorder).toBeLessThan(ink.centre / ink.numCentre / 3);
  });

  test("can be told apart by nearest class mean far better than by chance, yet not well", () => {
    const means = Array.from({ length: 10 }, () => new Float64Array(IMAGE_PIXELS));
    drawn.train.labels.forEach((label, index) => {
      image(drawn.train.pixels, index).forEach((value, pixel) => {
        (means[label] as Float64Array)[pixel] =
          ((means[label] as Float64Array)[pixel] as number) + value / 200;
      });
    });
    const squared = (a: Float64Array, b: Uint8Array): number =>
      a.reduce((sum, value, pixel) => sum + (value - (b[pixel] as number)) ** 2, 0);
    const right = [...drawn.test.labels.keys()].filter((index) => {
      const distances = means.map((mean) => squared(mean, image(drawn.test.pixels, index)));
      return distances.indexOf(Math.min(...distances)) === drawn.test.labels[index];
    });

    // Chance is 10 %; a model that had nothing left to learn would be above 90 %.
    expect(right.length / 500).toBeGreaterThan(0.3);
    expect(right.length / 500).toBeLessThan(0.9);
  });
});

test("tensors hold the named examples in order, pixels in [0, 1]", () => {
  const images = { pixels: new Uint8Array(3 * IMAGE_PIXELS), labels: Uint8Array.from([4, 5, 6]) };
  images.pixels[2 * IMAGE_PIXELS + 1] = 255;
  images.pixels[3] = 51;

  const tensor = imageTensor(images, [2, 0]);

  expect([tensor.length, tensor[1], tensor[IMAGE_PIXELS + 3]]).toEqual([
    2 * IMAGE_PIXELS,
    1,
    Math.fround(0.2),
  ]);
  expect([...labelTensor(images, [2, 0])]).toEqual([6n, 4n]);
});
