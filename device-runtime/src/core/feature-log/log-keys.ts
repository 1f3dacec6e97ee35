import { isPredictionId } from "./prediction-ids.js";

/** Rows that were written together, as their key tells: a start reads no values. */
export interface Segment {
  readonly firstId: string;
  readonly lastId: string;
  readonly numRows: number;
  /** Of its value. */
  readonly sizeBytes: number;
}

/** All that the log keeps begins so. */
export const LOG = "log/";
/** What is kept once for the whole log. */
export const HEAD = "log/totals";
const SEGMENTS = "log/segments/";
/** Rows of their own: labelled before they were written with others, or written when each had a record. */
const ROWS = "log/rows/";
/** What has become of a row in a segment, and stands for it. */
const CHANGED = "log/changed/";
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

/** Where the record of one row is. */
export function keyOfRow(id: string, isChanged: boolean): string {
  return (isChanged ? CHANGED : ROWS) + id;
}

/** Null for a key that names no record of one row. */
export function rowOfKey(key: string): { readonly id: string; readonly isChanged: boolean } | null {
  const isChanged = key.startsWith(CHANGED);
  const id = isChanged || key.startsWith(ROWS) ? key.slice((isChanged ? CHANGED : ROWS).length) : "";
  return isPredictionId(id) ? { id, isChanged } : null;
}
