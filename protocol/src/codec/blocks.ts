import { FedgeError } from "../errors.js";
import { BLOCK_BYTES, MAX_BLOB_BYTES } from "../limits.js";

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
  /** Whether every block is here. */
  isComplete(): boolean;
  readonly receivedBytes: number;
  /** The blob, not copied. Throws BLOB_INCOMPLETE while blocks are missing. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** Blocks kept from an earlier transfer of the same blob. */
export interface KeptBlocks {
  /** The blob's bytes so far, `sizeBytes` long; what lies in missing blocks is not read. */
  readonly bytes: Uint8Array;
  /** Inclusive ranges of the blocks that are here. */
  readonly present: readonly (readonly [first: number, last: number])[];
}

/**
 * An assembly of `sizeBytes`, allocated once: empty, or with the blocks that were kept.
 *
 * Throws BLOCK_INVALID above `MAX_BLOB_BYTES`, and when what was kept does not fit the size.
 */
export function createBlockAssembly(sizeBytes: number, kept?: KeptBlocks): BlockAssembly {
  const assembly = createEmptyAssembly(sizeBytes);
  if (kept === undefined) return assembly;
  if (kept.bytes.byteLength !== sizeBytes) {
    throw new FedgeError("BLOCK_INVALID", `${kept.bytes.byteLength} bytes kept of a blob of ${sizeBytes}`);
  }
  for (const [first, last] of kept.present) {
    for (let index = first; index <= last; index += 1) {
      const { start, end } = blockRange(sizeBytes, index);
      assembly.add(index, kept.bytes.subarray(start, end));
    }
  }
  return assembly;
}

function createEmptyAssembly(sizeBytes: number): BlockAssembly {
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
