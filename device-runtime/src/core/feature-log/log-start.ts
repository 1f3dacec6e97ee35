import type { ByteStore } from "../ports/storage.js";
import { NO_ROWS, decodeHead, type LogHead } from "./log-head.js";
import { HEAD, LOG, rowOfKey, segmentOfKey } from "./log-keys.js";

/** What a start knows of the log: its keys and its head. */
export interface LogStart extends LogHead {
  readonly keys: readonly string[];
  /** As the keys tell; totals with another number are wrong. */
  readonly numRows: number;
  /** Of the oldest and the newest row; undefined without any. */
  readonly firstId: string | undefined;
  readonly lastId: string | undefined;
  /** Whether the store has the purpose already. */
  readonly isHeadKept: boolean;
}

/** `purpose` stands for the one that was kept before, unless it is undefined. Throws STORAGE_FAILED. */
export async function readStart(store: ByteStore, purpose: string | undefined): Promise<LogStart> {
  const keys = await store.keys(LOG);
  const head = decodeHead(await store.get(HEAD));
  const kept = head?.purpose ?? null;
  return {
    ...{ keys, ...rowsOf(keys), totals: head?.totals ?? NO_ROWS },
    ...{ purpose: purpose ?? kept, isHeadKept: (purpose ?? kept) === kept },
  };
}

/** A log without rows. */
export function emptyStart(purpose: string | null): LogStart {
  return { keys: [], ...rowsOf([]), totals: NO_ROWS, purpose, isHeadKept: true };
}

function rowsOf(keys: readonly string[]): Pick<LogStart, "numRows" | "firstId" | "lastId"> {
  let numRows = 0;
  let firstId: string | undefined;
  let lastId: string | undefined;
  for (const key of keys) {
    const segment = segmentOfKey(key);
    const row = rowOfKey(key);
    if (segment !== null) numRows += segment.numRows;
    if (row !== null && !row.isChanged) numRows += 1;
    const [first, last] = [segment?.firstId ?? row?.id, segment?.lastId ?? row?.id];
    if (first !== undefined && (firstId === undefined || first < firstId)) firstId = first;
    if (last !== undefined && (lastId === undefined || last > lastId)) lastId = last;
  }
  return { numRows, firstId, lastId };
}
