import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { roundId } from "../ids.js";
import { BLOCK_BYTES, MAX_MESSAGE_BYTES } from "../limits.js";
import { decodeUploadBlock, encodeUploadBlock, type UploadBlock } from "./upload-frame.js";

const golden = (): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL("../../fixtures/golden/upload-frame.bin", import.meta.url)));

/** The frame of `fixtures/make_golden.py`: the second block of an update of one whole block and 20,324 bytes. */
const BLOCK: UploadBlock = {
  roundId: roundId.parse("digits-r-12"),
  attempt: 3,
  index: 1,
  sizeBytes: BLOCK_BYTES + 20_324,
  body: Uint8Array.from({ length: 20_324 }, (_, at) => (at < 79 * 256 ? at % 256 : 0)),
};
const SMALL: UploadBlock = { ...BLOCK, index: 0, sizeBytes: 2, body: Uint8Array.of(7, 8) };

/** The golden frame with one thing changed. */
function changed(change: (frame: Uint8Array, view: DataView) => void): Uint8Array {
  const frame = golden();
  change(frame, new DataView(frame.buffer));
  return frame;
}

test("a frame is written byte for byte as the independent writer wrote it", () => {
  expect(encodeUploadBlock(BLOCK)).toEqual(golden());
});

test("the golden frame is read", () => {
  expect(decodeUploadBlock(golden())).toEqual(BLOCK);
});

test("a body is a view of its frame", () => {
  const frame = golden();

  expect(decodeUploadBlock(frame).body.buffer).toBe(frame.buffer);
});

test("a full block with the longest round id fits a message", () => {
  const id = roundId.parse("r".repeat(64));
  const frame = encodeUploadBlock({
    ...BLOCK,
    roundId: id,
    index: 0,
    body: new Uint8Array(BLOCK_BYTES),
  });

  expect(frame.length).toBe(16 + 64 + 122_880);
  expect(frame.length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
});

describe("writing refuses", () => {
  const refused: [string, Partial<UploadBlock>][] = [
    ["attempt 0", { attempt: 0 }],
    ["attempt 65,536, which the field cannot hold", { attempt: 65_536 }],
    ["a fractional attempt", { attempt: 1.5 }],
    ["an index that the update does not have", { index: 1 }],
    ["a body that is not the block's", { body: new Uint8Array(3) }],
    ["an update of no bytes", { sizeBytes: 0, body: new Uint8Array() }],
    ["an update above the largest blob", { sizeBytes: 2 ** 32 }],
    ["a round id outside the alphabet", { roundId: "größer" as UploadBlock["roundId"] }],
    ["a round id that is too long", { roundId: "r".repeat(65) as UploadBlock["roundId"] }],
  ];
  test.each(refused)("%s", (_, change) => {
    expect(() => encodeUploadBlock({ ...SMALL, ...change })).toThrow(
      expect.objectContaining({ code: "BLOCK_INVALID" }),
    );
  });
});

describe("reading refuses", () => {
  const refused: [string, string, Uint8Array][] = [
    ["an empty frame", "BLOCK_INVALID", new Uint8Array()],
    ["a frame shorter than its header", "BLOCK_INVALID", golden().subarray(0, 15)],
    ["a header alone", "BLOCK_INVALID", golden().subarray(0, 16)],
    ["another magic", "BLOCK_INVALID", changed((frame) => (frame[0] = 0x47))],
    ["another version", "PROTOCOL_VERSION_UNSUPPORTED", changed((frame) => (frame[4] = 2))],
    ["no round id", "BLOCK_INVALID", changed((frame) => (frame[5] = 0))],
    ["a round id that eats the body", "BLOCK_INVALID", changed((frame) => (frame[5] = 12))],
    ["a round id with a slash", "BLOCK_INVALID", changed((frame) => (frame[16] = 0x2f))],
    ["a round id that is not ASCII", "BLOCK_INVALID", changed((frame) => (frame[16] = 0xe9))],
    ["attempt 0", "BLOCK_INVALID", changed((_, view) => view.setUint16(6, 0, true))],
    ["an index beyond the end", "BLOCK_INVALID", changed((_, view) => view.setUint32(8, 2, true))],
    ["the index of a full block", "BLOCK_INVALID", changed((_, view) => view.setUint32(8, 0, true))],
    ["a size of 0", "BLOCK_INVALID", changed((_, view) => view.setUint32(12, 0, true))],
    ["a size of 4 GiB", "BLOCK_INVALID", changed((_, view) => view.setUint32(12, 2 ** 32 - 1, true))],
    ["a body cut short", "BLOCK_INVALID", golden().subarray(0, -1)],
    ["a frame above the limit", "MESSAGE_TOO_LARGE", new Uint8Array(MAX_MESSAGE_BYTES + 1)],
  ];
  test.each(refused)("%s with %s", (_, code, frame) => {
    expect(() => decodeUploadBlock(frame)).toThrow(expect.objectContaining({ code }));
  });
});
