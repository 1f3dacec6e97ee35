import { gzipSync } from "node:zlib";
import { hasErrorCode } from "@fedge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_IDX_BYTES, decodeIdx } from "./idx.js";

/** Two images of 2 x 3 pixels, laid out by hand from the format's description. */
const TWO_IMAGES = Uint8Array.from([
  ...[0, 0, 8, 3],
  ...[0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3],
  ...[1, 2, 3, 4, 5, 6],
  ...[7, 8, 9, 10, 11, 255],
]);

const altered = (change: (bytes: Uint8Array) => void): Uint8Array => {
  const bytes = TWO_IMAGES.slice();
  change(bytes);
  return bytes;
};

describe("decodeIdx", () => {
  test.each([
    ["plain", TWO_IMAGES],
    ["gzipped", gzipSync(TWO_IMAGES)],
  ])("reads a %s file", (_, bytes) => {
    const array = decodeIdx(bytes, 3, "images");

    expect({ shape: array.shape, values: [...array.values] }).toEqual({
      shape: [2, 2, 3],
      values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255],
    });
  });

  test.each<[string, Uint8Array, RegExp]>([
    [
      "another element type",
      altered((bytes) => (bytes[2] = 0x0d)),
      /starts with 0x00000d03 where 0x00000803/,
    ],
    ["another rank", altered((bytes) => (bytes[3] = 1)), /starts with 0x00000801/],
    ["a cut header", TWO_IMAGES.subarray(0, 9), /shorter than its header/],
    ["a cut body", TWO_IMAGES.subarray(0, 20), /holds 20 bytes where its header says 28/],
    ["trailing bytes", Uint8Array.from([...TWO_IMAGES, 0]), /holds 29 bytes where its header says 28/],
    ["trailing gzipped bytes", gzipSync(Uint8Array.from([...TWO_IMAGES, 0])), /longer than its header says/],
    ["a cut gzip stream", gzipSync(TWO_IMAGES).subarray(0, 25), /gzip|header/],
    ["damaged gzip data", altered((bytes) => bytes.set([0x1f, 0x8b])), /not readable gzip/],
    ["nothing", new Uint8Array(0), /shorter than its header/],
  ])("refuses %s and names the file", (_, bytes, message) => {
    const read = (): unknown => decodeIdx(bytes, 3, "my-images.gz");

    expect(read).toThrow(message);
    expect(read).toThrow(/my-images\.gz.*Fetch it again/);
  });

  test("refuses a header that asks for more than the limit before it allocates", () => {
    const greedy = altered((bytes) => bytes.fill(0xff, 4, 16));

    expect(() => decodeIdx(gzipSync(greedy), 3, "greedy")).toThrow(`at most ${MAX_IDX_BYTES} are read`);
  });

  test("answers any bytes with an array or DATA_CORRUPT", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, asGzip) => {
        try {
          const array = decodeIdx(asGzip ? gzipSync(bytes) : bytes, 1, "fuzz");
          expect(array.values.byteLength).toBe(array.shape[0]);
        } catch (error) {
          expect(hasErrorCode(error) && error.code).toBe("DATA_CORRUPT");
        }
      }),
    );
  });
});
