import { FedgeError } from "../errors.js";
import { roundId as roundIdSchema, type RoundId } from "../ids.js";
import { MAX_BLOB_BYTES, MAX_MESSAGE_BYTES } from "../limits.js";
import { blockRange } from "./blocks.js";

/** One block of an update on its way to the aggregator. */
export interface UploadBlock {
  readonly roundId: RoundId;
  /** 1 to 65,535. */
  readonly attempt: number;
  readonly index: number;
  /** Bytes of the whole update. */
  readonly sizeBytes: number;
  readonly body: Uint8Array;
}

const MAGIC = [0x46, 0x47, 0x55, 0x42]; // "FGUB"
const FRAME_VERSION = 1;
const HEADER_BYTES = 16;
const MAX_ATTEMPT = 65_535;

/**
 * The block as bytes: "FGUB", version (u8), length of the round id (u8), attempt (u16), index (u32), size (u32), all
 * little-endian, then the round id in ASCII and the body.
 *
 * Throws BLOCK_INVALID for what `decodeUploadBlock` would refuse.
 */
export function encodeUploadBlock(block: UploadBlock): Uint8Array<ArrayBuffer> {
  requireBlock(block);
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
  const block = {
    roundId: String.fromCharCode(...frame.subarray(HEADER_BYTES, bodyStart)),
    attempt: view.getUint16(6, true),
    index: view.getUint32(8, true),
    sizeBytes: view.getUint32(12, true),
    body: frame.subarray(bodyStart),
  };
  requireBlock(block);
  return block;
}

function requireBlock(
  block: Omit<UploadBlock, "roundId"> & { roundId: string },
): asserts block is UploadBlock {
  const { roundId, attempt, index, sizeBytes, body } = block;
  if (!roundIdSchema.safeParse(roundId).success) throw invalid("its round id is not an identifier");
  if (!Number.isInteger(attempt) || attempt < 1 || attempt > MAX_ATTEMPT)
    throw invalid(`attempt ${attempt} is not 1 to ${MAX_ATTEMPT}`);
  if (!Number.isInteger(sizeBytes) || sizeBytes < 1 || sizeBytes > MAX_BLOB_BYTES)
    throw invalid(`update of ${sizeBytes} bytes; 1 to ${MAX_BLOB_BYTES} are allowed`);
  const { start, end } = blockRange(sizeBytes, index);
  if (body.byteLength !== end - start)
    throw invalid(`block ${index} has ${body.byteLength} bytes instead of ${end - start}`);
}

function invalid(what: string): FedgeError {
  return new FedgeError("BLOCK_INVALID", `upload frame: ${what}`);
}
