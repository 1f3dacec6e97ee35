import { FedgeError, type Sha256 } from "@fedge/protocol";
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BlobStore } from "../core/ports/storage.js";
import { syncFolder } from "./sync-folder.js";

const HASH = /^[0-9a-f]{64}$/;

/**
 * Blobs as files by hash, each written beside and renamed, so that a file under its hash is whole; and there after a power
 * cut, as what is noted of an installation is.
 */
export async function openFileBlobs(directory: string): Promise<BlobStore> {
  await guarded(async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(directory))
      if (!HASH.test(name)) await rm(join(directory, name), { force: true });
  });
  const pathOf = (sha256: Sha256): string => join(directory, sha256);
  return {
    get: (sha256) => guarded(() => optional(readFile(pathOf(sha256)))),
    put: (sha256, bytes) => guarded(() => write(directory, pathOf(sha256), bytes)),
    has: async (sha256) => (await guarded(() => optional(stat(pathOf(sha256))))) !== undefined,
    delete: (sha256) => guarded(() => rm(pathOf(sha256), { force: true })),
    list: async () => (await guarded(() => readdir(directory))).filter((name) => HASH.test(name)) as Sha256[],
  };
}

async function write(directory: string, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(directory, `${randomUUID()}.tmp`);
  try {
    await writeWhole(temporary, bytes);
    await rename(temporary, path);
    await syncFolder(directory);
  } catch (error) {
    // On a full disk, what is left of every attempt would fill it further.
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function optional<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isFull = codeOf(cause) === "ENOSPC" || codeOf(cause) === "EDQUOT";
    throw new FedgeError(
      isFull ? "STORAGE_FULL" : "STORAGE_FAILED",
      `a blob cannot be kept or read (${codeOf(cause)})`,
      { cause },
    );
  }
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
