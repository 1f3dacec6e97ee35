import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { storageError, systemCodeOf } from "../blobs/storage-error.js";

/**
 * The file has the old bytes or the new ones, whatever ends the process; mode 0600. Durable when it resolves. Throws
 * STORAGE_FAILED or STORAGE_FULL.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw storageError(`cannot write ${path}`, cause);
  }
}

/** The bytes; undefined when there is no file. Throws STORAGE_FAILED. */
export async function readFileIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (systemCodeOf(cause) === "ENOENT") return undefined;
    throw storageError(`cannot read ${path}`, cause);
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory; it orders such changes itself.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
