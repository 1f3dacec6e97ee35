import { FedgeError } from "@fedge/protocol";
import { createHash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import type { FoldSnapshotRef } from "../rounds/journal.js";
import type { FixedPointFold } from "./fold.js";
import { SNAPSHOT_HEADER_BYTES, decodeSnapshotHeader } from "./fold-snapshot.js";

const SLICE_BYTES = 1 << 20;

export interface SnapshotFile {
  readonly directory: string;
  readonly fileName: string;
}

/**
 * Keeps a sum in a file, whole or not at all: `kill -9` loses nothing. After a power cut the hash in the journal
 * tells that a file was lost, and the round is abandoned; `isForcedToDisk` makes it survive that as well.
 *
 * Throws STORAGE_FAILED when the file cannot be written; the one before it is then untouched.
 */
export function writeSnapshot(
  file: SnapshotFile,
  parts: readonly Uint8Array[],
  isForcedToDisk = false,
): FoldSnapshotRef {
  const target = pathOf(file);
  const temporary = `${target}.tmp`;
  try {
    const written = writeParts(temporary, parts, isForcedToDisk);
    renameSync(temporary, target);
    if (isForcedToDisk) forceToDisk(file.directory);
    return { fileName: file.fileName, ...written };
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new FedgeError("STORAGE_FAILED", `cannot keep a round's sum in ${target}; is the disk full?`, {
      cause,
    });
  }
}

/**
 * Continues `fold` from a kept sum, without a second copy of it in memory. Size and header are checked before the
 * sums are read, and their hash before they count. Throws DATA_CORRUPT, and then the fold is empty.
 */
export function restoreSnapshot(directory: string, snapshot: FoldSnapshotRef, fold: FixedPointFold): void {
  const file = openSnapshot(pathOf({ directory, fileName: snapshot.fileName }));
  try {
    if (fstatSync(file).size !== snapshot.sizeBytes) throw damaged(snapshot);
    const header = new Uint8Array(SNAPSHOT_HEADER_BYTES);
    readWhole(file, header, snapshot);
    const hash = createHash("sha256").update(header);
    fold.restoreWith(decodeSnapshotHeader(header), (sums) => {
      if (sums.byteLength + SNAPSHOT_HEADER_BYTES !== snapshot.sizeBytes) throw damaged(snapshot);
      for (let at = 0; at < sums.byteLength; at += SLICE_BYTES) {
        const slice = sums.subarray(at, at + SLICE_BYTES);
        readWhole(file, slice, snapshot);
        hash.update(slice);
      }
      if (hash.digest("hex") !== snapshot.sha256) throw damaged(snapshot);
    });
  } finally {
    closeSync(file);
  }
}

/** The bytes of a kept sum. Throws DATA_CORRUPT when the file is not what the reference says. */
export function readSnapshot(directory: string, snapshot: FoldSnapshotRef): Uint8Array<ArrayBuffer> {
  const file = openSnapshot(pathOf({ directory, fileName: snapshot.fileName }));
  try {
    if (fstatSync(file).size !== snapshot.sizeBytes) throw damaged(snapshot);
    const bytes = new Uint8Array(snapshot.sizeBytes);
    readWhole(file, bytes, snapshot);
    if (createHash("sha256").update(bytes).digest("hex") !== snapshot.sha256) throw damaged(snapshot);
    return bytes;
  } finally {
    closeSync(file);
  }
}

export function removeSnapshot(file: SnapshotFile): void {
  rmSync(pathOf(file), { force: true });
}

function pathOf({ directory, fileName }: SnapshotFile): string {
  const isPlain = fileName === basename(fileName) && !["", ".", ".."].includes(fileName);
  if (isPlain) return join(directory, fileName);
  throw new FedgeError("OPTION_INVALID", `"${fileName}" is not a plain file name`);
}

function writeParts(
  path: string,
  parts: readonly Uint8Array[],
  isForcedToDisk: boolean,
): { readonly sha256: string; readonly sizeBytes: number } {
  const hash = createHash("sha256");
  const file = openSync(path, "w", 0o600);
  let sizeBytes = 0;
  try {
    for (const part of parts) {
      hash.update(part);
      for (let at = 0; at < part.byteLength;) at += writeSync(file, part, at);
      sizeBytes += part.byteLength;
    }
    if (isForcedToDisk) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return { sha256: hash.digest("hex"), sizeBytes };
}

/** A renamed file survives a power cut only when its directory was written too. */
function forceToDisk(directory: string): void {
  if (process.platform === "win32") return; // directories cannot be opened there
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function openSnapshot(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new FedgeError("DATA_CORRUPT", "the kept sum of a round is missing", { cause });
  }
}

function readWhole(file: number, target: Uint8Array, snapshot: FoldSnapshotRef): void {
  for (let at = 0; at < target.byteLength;) {
    const numRead = readSync(file, target, at, target.byteLength - at, null);
    if (numRead === 0) throw damaged(snapshot);
    at += numRead;
  }
}

function damaged(snapshot: FoldSnapshotRef): FedgeError {
  return new FedgeError("DATA_CORRUPT", `the kept sum ${snapshot.fileName} is damaged`);
}
