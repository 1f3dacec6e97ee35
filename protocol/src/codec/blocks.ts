import { FedgeError } from "../errors.js";
import { roundId as roundIdSchema, type RoundId } from "../ids.js";
import { BLOCK_BYTES, MAX_BLOB_BYTES, MAX_MESSAGE_BYTES } from "../limits.js";

/** Blocks of a blob of `sizeBytes`; every one but the last holds `BLOCK_BYTES`. */
export function blockCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES);
}

/** Bytes [start, end) of a block. Throws BLOCK_INVALID for an index that the blob does not have. */
export function blockRange(
  sizeBytes: number,
  index: number,
): { readonly start: number; readonly end: number } {
  if (!Number.isInteger(index) || index < 0 || index >= blockCount(sizeBytes)) {
    throw new FedgeError("BLOCK_INVALID", `block ${index} of a blob of ${blockCount(sizeBytes)} blocks`);
  }
  const start = index * BLOCK_BYTES;
  return { start, end: Math.min(start + BLOCK_BYTES, sizeBytes) };
}

/** Puts a blob together from blocks that come in any order and more than once. */
export interface BlockAssembly {
  /** False when the block was here already. Throws BLOCK_INVALID for a wrong index or length. */
  add(index: number, body: Uint8Array): boolean;
  /** Inclusive ranges of what is still to come, ascending. */
  missing(): [first: number, last: number][];
  isComplete(): boolean;
  readonly receivedBytes: number;
  /** The blob, not copied. Throws BLOB_INCOMPLETE while blocks are missing. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** An empty assembly; allocates `sizeBytes` once. Throws BLOCK_INVALID above `MAX_BLOB_BYTES`. */
export function createBlockAssembly(sizeBytes: number): BlockAssembly {
  if (!Number.isInteger(sizeBytes) || sizeBytes < 1 || sizeBytes > MAX_BLOB_BYTES) {
    throw new FedgeError("BLOCK_INVALID", `blob of ${sizeBytes} bytes; 1 to ${MAX_BLOB_BYTES} are allowed`);
  }
  const blob = new Uint8Array(sizeBytes);
  const present = new Uint8Array(blockCount(sizeBytes));
  let [numPresent, receivedBytes] = [0, 0];
  return {
    add: (index, body) => {
      const { start, end } = blockRange(sizeBytes, index);
      if (body.byteLength !== end - start) {
        throw new FedgeError(
          "BLOCK_INVALID",
          `block ${index} has ${body.byteLength} bytes instead of ${end - start}`,
        );
      }
      if (present[index] === 1) return false;
      blob.set(body, start);
      present[index] = 1;
      numPresent += 1;
      receivedBytes += body.byteLength;
      return true;
    },
    missing: () => missingRanges(present),
    isComplete: () => numPresent === present.length,
    get receivedBytes() {
      return receivedBytes;
    },
    bytes: () => {
      if (numPresent === present.length) return blob;
      throw new FedgeError(
        "BLOB_INCOMPLETE",
        `${present.length - numPresent} of ${present.length} blocks are missing`,
      );
    },
  };
}

function missingRanges(present: Uint8Array): [number, number][] {
  const ranges: [number, number][] = [];
  for (let index = 0; index < present.length; index += 1) {
    if (present[index] === 1) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else ranges.push([index, index]);
  }
  return ranges;
}

/** One block of an update on its way to the aggregator. */
export interface UploadBlock {
  readonly roundId: RoundId;
  readonly attempt: number;
  readonly index: number;
  /** Bytes of the whole update. */
  readonly sizeBytes: number;
  readonly body: Uint8Array;
}

const MAGIC = [0x46, 0x47, 0x55, 0x42]; // "FGUB"
const FRAME_VERSION = 1;
const HEADER_BYTES = 16;

/**
 * The block as bytes: "FGUB", version, length of the round id, attempt (u16), index (u32), size (u32), all
 * little-endian, then the round id in ASCII and the body.
 */
export function encodeUploadBlock(block: UploadBlock): Uint8Array<ArrayBuffer> {
  const id = new TextEncoder().encode(block.roundId);
  const frame = new Uint8Array(HEADER_BYTES + id.length + block.body.byteLength);
  const view = new DataView(frame.buffer);
  frame.set(MAGIC, 0);
  view.setUint8(4, FRAME_VERSION);
  view.setUint8(5, id.length);
  view.setUint16(6, block.attempt, true);
  view.setUint32(8, block.index, true);
  view.setUint32(12, block.sizeBytes, true);
  frame.set(id, HEADER_BYTES);
  frame.set(block.body, HEADER_BYTES + id.length);
  return frame;
}

/** The block of a frame; `body` is a view. Throws BLOCK_INVALID, PROTOCOL_VERSION_UNSUPPORTED or MESSAGE_TOO_LARGE. */
export function decodeUploadBlock(frame: Uint8Array): UploadBlock {
  if (frame.byteLength > MAX_MESSAGE_BYTES) {
    throw new FedgeError(
      "MESSAGE_TOO_LARGE",
      `upload frame of ${frame.byteLength} bytes; at most ${MAX_MESSAGE_BYTES}`,
    );
  }
  if (frame.byteLength < HEADER_BYTES || MAGIC.some((byte, at) => frame[at] !== byte)) {
    throw new FedgeError("BLOCK_INVALID", "not an upload frame");
  }
  if (frame[4] !== FRAME_VERSION) {
    throw new FedgeError(
      "PROTOCOL_VERSION_UNSUPPORTED",
      `upload frame of version ${frame[4]}; this side reads ${FRAME_VERSION}`,
    );
  }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const bodyStart = HEADER_BYTES + view.getUint8(5);
  const sizeBytes = view.getUint32(12, true);
  if (sizeBytes < 1 || sizeBytes > MAX_BLOB_BYTES)
    throw new FedgeError("BLOCK_INVALID", `update of ${sizeBytes} bytes`);
  const index = view.getUint32(8, true);
  const { start, end } = blockRange(sizeBytes, index);
  if (frame.byteLength !== bodyStart + end - start)
    throw new FedgeError("BLOCK_INVALID", "frame and block differ in length");
  const roundId = readRoundId(frame.subarray(HEADER_BYTES, bodyStart));
  return { roundId, attempt: view.getUint16(6, true), index, sizeBytes, body: frame.subarray(bodyStart) };
}

function readRoundId(bytes: Uint8Array): RoundId {
  const result = roundIdSchema.safeParse(String.fromCharCode(...bytes));
  if (!result.success) throw new FedgeError("BLOCK_INVALID", "round id of the frame is not an identifier");
  return result.data;
}
