import { FedgeError } from "@fedge/protocol";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { FoldSnapshotRef } from "../rounds/journal.js";

/**
 * Keeps a sum in a file, whole or not at all. It is not forced to the disk: after a power cut the hash in the
 * journal tells that it is gone, and the round is abandoned; `kill -9` loses nothing.
 */
export function writeSnapshot(
  directory: string,
  fileName: string,
  parts: readonly Uint8Array[],
): FoldSnapshotRef {
  const target = join(directory, fileName);
  const temporary = `${target}.tmp`;
  const hash = createHash("sha256");
  const file = openSync(temporary, "w", 0o600);
  let sizeBytes = 0;
  try {
    for (const part of parts) {
      hash.update(part);
      writeWhole(file, part);
      sizeBytes += part.byteLength;
    }
  } finally {
    closeSync(file);
  }
  renameSync(temporary, target);
  return { fileName, sha256: hash.digest("hex"), sizeBytes };
}

/** The snapshot's bytes. Throws DATA_CORRUPT when they are missing or not those of the reference. */
export function readSnapshot(directory: string, snapshot: FoldSnapshotRef): Uint8Array {
  const bytes = readWhole(join(directory, snapshot.fileName));
  const isIntact =
    bytes.byteLength === snapshot.sizeBytes &&
    createHash("sha256").update(bytes).digest("hex") === snapshot.sha256;
  if (!isIntact) throw new FedgeError("DATA_CORRUPT", `the kept sum ${snapshot.fileName} is damaged`);
  return bytes;
}

export function removeSnapshot(directory: string, fileName: string): void {
  rmSync(join(directory, fileName), { force: true });
}

function writeWhole(file: number, part: Uint8Array): void {
  for (let at = 0; at < part.byteLength;) at += writeSync(file, part, at);
}

function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FedgeError("DATA_CORRUPT", "the kept sum of a round is missing", { cause });
  }
}
