import { FedgeError } from "@fedge/protocol";

export interface SnapshotHeader {
  readonly numParameters: number;
  readonly fractionBits: number;
  readonly numUpdates: number;
  readonly totalExamples: number;
}

const MAGIC = 0x444c4f46; // "FOLD", little-endian
const VERSION = 1;
export const SNAPSHOT_HEADER_BYTES = 40;

/** "FOLD", version, then the four numbers, little-endian; the sums follow it, 8 bytes a parameter. */
export function encodeSnapshotHeader(header: SnapshotHeader): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(SNAPSHOT_HEADER_BYTES));
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, header.numParameters, true);
  view.setInt32(12, header.fractionBits, true);
  view.setUint32(16, header.numUpdates, true);
  view.setFloat64(24, header.totalExamples, true);
  return new Uint8Array(view.buffer);
}

/** Throws DATA_CORRUPT for what is no header of this version. */
export function decodeSnapshotHeader(bytes: Uint8Array): SnapshotHeader {
  if (bytes.byteLength < SNAPSHOT_HEADER_BYTES) throw corrupt("shorter than its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw corrupt("not a sum");
  if (view.getUint32(4, true) !== VERSION) throw corrupt(`of version ${view.getUint32(4, true)}`);
  const header = {
    numParameters: view.getUint32(8, true),
    fractionBits: view.getInt32(12, true),
    numUpdates: view.getUint32(16, true),
    totalExamples: view.getFloat64(24, true),
  };
  const { numUpdates, totalExamples } = header;
  if (!Number.isSafeInteger(totalExamples) || totalExamples < numUpdates) throw corrupt("impossible counts");
  return header;
}

function corrupt(why: string): FedgeError {
  return new FedgeError("DATA_CORRUPT", `kept sum: ${why}`);
}
