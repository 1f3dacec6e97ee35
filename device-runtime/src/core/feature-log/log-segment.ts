import { isPredictionId } from "./prediction-ids.js";

/** Rows that were written together, as their key tells: a start reads no values. */
export interface Segment {
  readonly firstId: string;
  readonly lastId: string;
  readonly numRows: number;
  /** Of its value. */
  readonly sizeBytes: number;
}

export const SEGMENTS = "log/segments/";
/** A segment has at most so many rows. */
export const MAX_SEGMENT_ROWS = 128;

export function keyOfSegment({ firstId, lastId, numRows, sizeBytes }: Segment): string {
  return `${SEGMENTS}${firstId}.${lastId}.${numRows}.${sizeBytes}`;
}

/** Null for a key that names no segment. */
export function segmentOfKey(key: string): Segment | null {
  const parts = key.slice(SEGMENTS.length).split(".");
  const [firstId = "", lastId = "", rows = "", size = ""] = parts;
  const [numRows, sizeBytes] = [Number(rows), Number(size)];
  const areCounts = [rows, size].every((text) => /^[1-9]\d{0,14}$/.test(text));
  if (!key.startsWith(SEGMENTS) || parts.length !== 4 || !areCounts || numRows > MAX_SEGMENT_ROWS)
    return null;
  if (!isPredictionId(firstId) || !isPredictionId(lastId) || firstId > lastId) return null;
  return { firstId, lastId, numRows, sizeBytes };
}

/** Whether the id lies between the segment's first and last; it need not be in it. */
export function spans({ firstId, lastId }: Segment, id: string): boolean {
  return firstId <= id && id <= lastId;
}
