import type { LogChange, LoneWrite } from "./log-index.js";
import type { LogLimits } from "./log-limits.js";
import { encodeLogRow, type LogRow } from "./log-row.js";
import { MAX_SEGMENT_ROWS } from "./log-keys.js";
import { measuresOf } from "./log-totals.js";
import { dataBytesOf } from "./row-sizes.js";
import { encodeSegment } from "./segment-codec.js";

/** The oldest go by whole segments: one is at most this part of what the limits allow. */
const SEGMENTS_OF_LOG = 8;
/** Chromium keeps a value of more than 64 KiB in a file of its own, which costs more than all the rest of writing it. */
const MAX_SEGMENT_BYTES = 60_000;
const ROW_HEAD_BYTES = 64;

type Piece = Pick<LogChange, "segments" | "rows"> & { readonly sizeBytes: number };

/**
 * What is written of rows that are not in the store: those of `fromId` and later, the newest that the limits leave
 * room for. Labelled and explained ones get records of their own.
 */
export function draftOf(given: readonly LogRow[], limits: LogLimits, fromId: string): LogChange {
  const rows = given.filter(({ id }) => id >= fromId).sort((a, b) => (a.id < b.id ? -1 : 1));
  const newest = rows.slice(Math.max(0, rows.length - Math.floor(limits.maxRows)));
  let sizeBytes = 0;
  const kept: Piece[] = [];
  for (const piece of piecesOf(newest, limits).reverse()) {
    if (piece.sizeBytes > limits.maxBytes) continue;
    if (sizeBytes + piece.sizeBytes > limits.maxBytes) break;
    sizeBytes += piece.sizeBytes;
    kept.push(piece);
  }
  return {
    segments: kept.flatMap(({ segments }) => segments),
    rows: kept.flatMap((piece) => piece.rows),
    ...{ goneSegments: [], goneRows: [] },
  };
}

/** The record of one row; `before` is what it takes the place of. */
export function loneWrite(row: LogRow, before: LoneWrite["before"], isChanged: boolean): LoneWrite {
  const bytes = encodeLogRow(row);
  return { id: row.id, bytes, measures: measuresOf(row, bytes.byteLength), before, isChanged };
}

/** The rows, ascending, neither labelled nor explained, as one segment. */
export function segmentWrite(rows: readonly LogRow[]): LogChange["segments"][number] {
  const bytes = encodeSegment(rows);
  const [firstId, lastId] = [rows[0]?.id ?? "", rows.at(-1)?.id ?? ""];
  return { segment: { firstId, lastId, numRows: rows.length, sizeBytes: bytes.byteLength }, bytes };
}

/** Ascending. */
function piecesOf(rows: readonly LogRow[], { maxRows, maxBytes }: LogLimits): Piece[] {
  const pieces: Piece[] = [];
  const mostRows = Math.min(MAX_SEGMENT_ROWS, Math.max(1, Math.floor(maxRows / SEGMENTS_OF_LOG)));
  const mostBytes = Math.min(MAX_SEGMENT_BYTES, maxBytes / SEGMENTS_OF_LOG);
  let together: LogRow[] = [];
  let sizeBytes = 0;
  const end = (): void => {
    if (together.length > 0) pieces.push(segmentPiece(together));
    [together, sizeBytes] = [[], 0];
  };
  for (const row of rows) {
    if (row.label !== null || row.explanation !== null) {
      const write = loneWrite(row, null, false);
      pieces.push({ segments: [], rows: [write], sizeBytes: write.bytes.byteLength });
      continue;
    }
    const rowBytes = ROW_HEAD_BYTES + dataBytesOf(row);
    if (together.length >= mostRows || sizeBytes + rowBytes > mostBytes) end();
    together.push(row);
    sizeBytes += rowBytes;
  }
  end();
  return pieces;
}

function segmentPiece(rows: readonly LogRow[]): Piece {
  const write = segmentWrite(rows);
  return { segments: [write], rows: [], sizeBytes: write.bytes.byteLength };
}
