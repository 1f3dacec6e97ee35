import { blockRange, encodeUploadBlock, type Assigned } from "@fedge/protocol";

/** Upload blocks that wait for their PUBACK at once. */
const BLOCKS_IN_FLIGHT = 4;

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

/** Sends the missing blocks of an update to the topic of its assignment. Throws BLOCK_INVALID and what `send` throws. */
export async function sendBlocks({ assignment, bytes, missing, send, isWanted }: BlockUpload): Promise<void> {
  const { roundId, attempt, upload } = assignment;
  const sizeBytes = bytes.byteLength;
  const next = indexesOf(missing);
  const sendNext = async (): Promise<void> => {
    for (let step = next.next(); step.done !== true && isWanted(); step = next.next()) {
      const index = step.value;
      const { start, end } = blockRange(sizeBytes, index);
      const body = bytes.subarray(start, end);
      await send(upload.topic, encodeUploadBlock({ roundId, attempt, index, sizeBytes, body }));
    }
  };
  await Promise.all(Array.from({ length: BLOCKS_IN_FLIGHT }, sendNext));
}

function* indexesOf(ranges: readonly (readonly [number, number])[]): Generator<number, void> {
  for (const [first, last] of ranges) for (let index = first; index <= last; index += 1) yield index;
}
