import { expect, test } from "vitest";
import { IMAGE_PIXELS } from "../data/labelled-images.js";
import { arrangeImages } from "./fleet-examples.js";

test("each device's examples stand together, in its order, with their labels", () => {
  // Image i is filled with the shade 51 * i, which is i / 5 of white.
  const pixels = Uint8Array.from({ length: 4 * IMAGE_PIXELS }, (_, at) => 51 * Math.floor(at / IMAGE_PIXELS));
  const images = { pixels, labels: Uint8Array.of(7, 1, 2, 3) };

  const { examples, ranges } = arrangeImages(images, [Uint32Array.of(3, 0), Uint32Array.of(1)]);

  expect(ranges).toEqual([
    { first: 0, count: 2 },
    { first: 2, count: 1 },
  ]);
  expect([...examples.target.data]).toEqual([3n, 7n, 1n]);
  const shades = [0, 1, 2].map((row) => examples.input.data[row * IMAGE_PIXELS + 5]);
  expect(shades).toEqual([Math.fround(0.6), 0, Math.fround(0.2)]);
  expect(examples.input.data).toHaveLength(3 * IMAGE_PIXELS);
});
