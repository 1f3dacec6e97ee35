import { FedgeError, type Random } from "@fedge/protocol";
import { decodeVector, encodeVector } from "@fedge/protocol/profile";
import * as z from "zod/mini";
import { CELL } from "./row-batch.js";
import type { StreamWatch } from "./stream-watch.js";
import type { WatchedFeature, WatchedProfile } from "./watched-feature.js";
import { WindowCounts } from "./window-counts.js";

/** Grows when the bytes mean something else: a state of another runtime is not taken up. */
const STATE_VERSION = 2;
const MAX_SECTIONS = 64;

const head = z.object({
  window: z.int().check(z.gte(0)),
  layoutSha256: z.string(),
  ids: z.array(z.string()),
  places: z.array(z.int().check(z.gte(0))),
});

/** What is open, in bytes: a window's counts with the rows that they are of, and the streams. */
export function encodeState(counts: WindowCounts, streams: StreamWatch): Uint8Array {
  const { watched, kept, window, vector, numBroken } = counts;
  const { numRows, numFeatures } = kept;
  const hasLater = watched.features.some(({ known }) => known === "later");
  const text = JSON.stringify({
    ...{ window, layoutSha256: watched.profile.layoutSha256 },
    ids: hasLater ? counts.ids : [],
    places: hasLater ? counts.places : [],
  });
  const size = numRows * numFeatures;
  return joined([
    new TextEncoder().encode(text),
    encodeVector(vector),
    encodeVector(numBroken),
    kept.cells.subarray(0, size),
    bytesOf(kept.sums.subarray(0, size)),
    bytesOf(kept.squares.subarray(0, size)),
    bytesOf(kept.scores.subarray(0, numRows)),
    ...streams.save(),
  ]);
}

/** The window that was open; null when the bytes are of another layout. Throws STORAGE_FAILED for bytes that are no state. */
export function decodeState(
  bytes: Uint8Array,
  watched: WatchedProfile,
  streams: StreamWatch,
  random: Random,
): WindowCounts | null {
  try {
    const [first, vector, broken, cells, sums, squares, scores, ...saved] = parted(bytes);
    const known = z.parse(head, JSON.parse(new TextDecoder().decode(first)));
    if (known.layoutSha256 !== watched.profile.layoutSha256) return null;
    const counts = new WindowCounts(watched, known.window, random);
    counts.vector.set(decodeVector(vector as Uint8Array, counts.vector.length));
    counts.numBroken.set(decodeVector(broken as Uint8Array, counts.numBroken.length));
    const { kept } = counts;
    kept.grow(counts.numRows <= watched.profile.window.maxRows ? counts.numRows : 0);
    fill(kept.cells, cells, kept.numRows * kept.numFeatures);
    fill(kept.sums, sums, kept.numRows * kept.numFeatures);
    fill(kept.squares, squares, kept.numRows * kept.numFeatures);
    fill(kept.scores, scores, kept.numRows);
    requireCells(watched, kept.cells.subarray(0, kept.numRows * kept.numFeatures));
    counts.ids.push(...known.ids);
    counts.places.push(...known.places);
    streams.restore(saved);
    return counts;
  } catch (cause) {
    throw new FedgeError("STORAGE_FAILED", "the counts of the open window cannot be read; they begin anew", {
      cause,
    });
  }
}

function requireCells({ features }: WatchedProfile, cells: Uint8Array): void {
  cells.forEach((cell, at) => {
    const { numCells } = features[at % features.length] as WatchedFeature;
    if ((cell & CELL) >= numCells) throw new RangeError("a cell that the layout has not got");
  });
}

function bytesOf({ buffer, byteOffset, byteLength }: Int16Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function fill(
  to: Uint8Array | Int16Array | Uint16Array,
  bytes: Uint8Array | undefined,
  numValues: number,
): void {
  const size = numValues * to.BYTES_PER_ELEMENT;
  if (bytes?.byteLength !== size) throw new RangeError(`${bytes?.byteLength} bytes where ${size} are due`);
  new Uint8Array(to.buffer, to.byteOffset, size).set(bytes);
}

function joined(sections: readonly Uint8Array[]): Uint8Array {
  const size = sections.reduce((sum, { byteLength }) => sum + 4 + byteLength, 1);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = STATE_VERSION;
  let at = 1;
  for (const section of sections) {
    view.setUint32(at, section.byteLength, true);
    bytes.set(section, at + 4);
    at += 4 + section.byteLength;
  }
  return bytes;
}

function parted(bytes: Uint8Array): Uint8Array[] {
  if (bytes[0] !== STATE_VERSION) throw new RangeError(`state of version ${bytes[0]}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections: Uint8Array[] = [];
  for (let at = 1; at < bytes.byteLength;) {
    const size = view.getUint32(at, true);
    if (at + 4 + size > bytes.byteLength || sections.length >= MAX_SECTIONS)
      throw new RangeError("cut short");
    sections.push(bytes.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return sections;
}
