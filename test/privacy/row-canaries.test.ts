import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { found } from "./encodings.js";
import {
  FIELD_NUMBER,
  INPUT_NUMBERS,
  LABEL_NUMBERS,
  NOTE,
  UNSEEN_PLACE,
  tracesOfRow,
} from "./row-canaries.js";

const between = (bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from('{"counts":[3,17'), Buffer.from(bytes), Buffer.from("]}")]);
const floats = Buffer.from(Float32Array.from(INPUT_NUMBERS).buffer);
const doubles = Buffer.from(Float64Array.from([5, ...LABEL_NUMBERS]).buffer);

describe("a row is found in what leaves when it stands there as", () => {
  test.each<[string, Buffer | string]>([
    ["a category", JSON.stringify({ place: UNSEEN_PLACE })],
    ["a note in base64", Buffer.from(`x${NOTE}`).toString("base64")],
    ["inputs in 32 bits", floats],
    ["inputs in 32 bits, big endian", Buffer.from(floats).swap32()],
    ["inputs in base64", Buffer.concat([Buffer.from("ab"), floats]).toString("base64")],
    ["inputs in hexadecimal", floats.toString("hex")],
    ["one label in 64 bits", doubles.subarray(16, 24)],
    [
      "one label in base64url",
      Buffer.concat([Buffer.from("a"), doubles.subarray(8, 24)]).toString("base64url"),
    ],
    ["an input as JSON writes it", `,${INPUT_NUMBERS[1]},`],
    ["an input of 32 bits as JSON writes it", `,${Math.fround(INPUT_NUMBERS[0]!)},`],
    ["a label in scientific notation", ` ${LABEL_NUMBERS[1]!.toExponential(8)} `],
    ["a field with fewer digits", `"${FIELD_NUMBER.toFixed(1)}"`],
    ["a field in thousandths", `:${Math.round(FIELD_NUMBER * 1000)},`],
    ["a field packed by deflate", deflateSync(`{"amount":${FIELD_NUMBER}}`)],
  ])("%s", (_, bytes) => {
    expect(found(tracesOfRow(), between(bytes))).not.toEqual([]);
  });

  test.each<[string, string]>([
    ["counts", Array.from({ length: 2000 }, (_, at) => at).join()],
    ["times", Array.from({ length: 200 }, (_, at) => 1_796_000_000_000 + at * 977).join()],
    ["what a profile says of numbers", "-6,-1.6448536,0.2533471,0.7,6"],
    ["digits within a hash", "a731294f0731294503c14159267e47182936a"],
  ])("and not in %s", (_, text) => {
    expect(found(tracesOfRow(), between(text))).toEqual([]);
  });
});
