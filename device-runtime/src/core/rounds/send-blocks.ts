import { blockRange, encodeUploadBlock, type Assigned } from "@fedge/protocol";

export interface BlockUpload {
  readonly assignment: Assigned;
  /** The encoded update. */
  readonly bytes: Uint8Array;
  /** Inclusive ranges of block indexes. */
  readonly missing: readonly (readonly [number, number])[];
  /** Resolves when the broker has the frame. */
  readonly send: (topic: string, frame: Uint8Array) => Promise<void>;
  /** False when a newer request for blocks, or the end of the round, makes this one pointless. */
  readonly isWanted: () => boolean;
}

/**
 * Sends the missing blocks of an update to the topic of its assignment, each when the broker has the one before: a
 * broker drops what it has not read yet when the device connects anew, and a cut must cost one block, not several.
 *
 * Throws BLOCK_INVALID and what `send` throws.
 */
export async function sendBlocks({ assignment, bytes, missing, send, isWanted }: BlockUpload): Promise<void> {
  const { roundId, attempt, upload } = assignment;
  const sizeBytes = bytes.byteLength;
  for (const index of indexesOf(missing)) {
    if (!isWanted()) return;
    const { start, end } = blockRange(sizeBytes, index);
    const body = bytes.subarray(start, end);
    await send(upload.topic, encodeUploadBlock({ roundId, attempt, index, sizeBytes, body }));
  }
}

function* indexesOf(ranges: readonly (readonly [number, number])[]): Generator<number, void> {
  for (const [first, last] of ranges) for (let index = first; index <= last; index += 1) yield index;
}
