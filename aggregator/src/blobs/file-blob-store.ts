import {
  FedgeError,
  MAX_BLOB_BYTES,
  sha256 as sha256Schema,
  type BlobRef,
  type Sha256,
} from "@fedge/protocol";
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { makeDirectory } from "../state-directory/make-directory.js";
import { absentBlob, blobRefOf, sha256Of } from "./blob-name.js";
import type { BlobStore } from "./port.js";
import { storageError, systemCodeOf } from "./storage-error.js";

const TEMPORARY = "unfinished";
/** Blobs in a directory, which nobody writes to any more once it is closed. */
export interface FileBlobStore extends BlobStore {
  /** Resolves when every write under way has ended; later ones throw CLOSED. Idempotent. */
  close(): Promise<void>;
}

const SHARD = /^[0-9a-f]{2}$/;

/**
 * Blobs as files `{directory}/{ab}/{cd}/{sha256}`.
 *
 * A file gets its name only when all its bytes are on the disk, so a file that exists is complete; what a killed
 * process left unfinished is removed here. Throws STORAGE_FAILED when the directory cannot be used.
 */
export async function openFileBlobStore(options: { readonly directory: string }): Promise<FileBlobStore> {
  const { directory } = options;
  try {
    await rm(join(directory, TEMPORARY), { recursive: true, force: true });
    await makeDirectory(join(directory, TEMPORARY));
  } catch (cause) {
    throw storageError(`cannot use the blob directory ${directory}`, cause);
  }
  // A damaged file has the right name and often the right size: the next `put` of it must not take it for stored.
  const damaged = new Set<Sha256>();
  const writing = new Set<Promise<unknown>>();
  let isClosed = false;
  const write = <T>(work: () => Promise<T>): Promise<T> => {
    if (isClosed) return Promise.reject(new FedgeError("CLOSED", "the blob store is closed"));
    const done = work();
    writing.add(done);
    const end = (): void => void writing.delete(done);
    done.then(end, end);
    return done;
  };
  return {
    put: (bytes) => write(() => put(directory, damaged, bytes)),
    get: (sha256) => get(directory, damaged, sha256),
    has: async (sha256) => (await sizeOf(pathOf(directory, sha256))) !== undefined,
    delete: (sha256) => write(() => remove(directory, sha256)),
    list: () => list(directory),
    close: async () => {
      isClosed = true;
      await Promise.allSettled(writing);
    },
  };
}

function pathOf(directory: string, sha256: Sha256): string {
  return join(directory, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
}

async function put(directory: string, damaged: Set<Sha256>, bytes: Uint8Array): Promise<BlobRef> {
  const ref = blobRefOf(bytes);
  const path = pathOf(directory, ref.sha256);
  if (!damaged.has(ref.sha256) && (await sizeOf(path)) === ref.sizeBytes) return ref;
  try {
    await writeAtomically(join(directory, TEMPORARY, randomUUID()), path, bytes);
  } catch (cause) {
    throw storageError(`cannot store blob ${ref.sha256}`, cause);
  }
  damaged.delete(ref.sha256);
  return ref;
}

/** Bytes to the disk, then the name, then the folder's entry: the order that leaves no half-written blob. */
async function writeAtomically(temporary: string, path: string, bytes: Uint8Array): Promise<void> {
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await makeShard(dirname(path));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** A new folder is an entry of its parent, which has to reach the disk as well. */
async function makeShard(shard: string): Promise<void> {
  const firstMade = await mkdir(shard, { recursive: true });
  if (firstMade === undefined) return;
  await syncDirectory(dirname(shard));
  await syncDirectory(dirname(dirname(shard)));
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

async function get(
  directory: string,
  damaged: Set<Sha256>,
  sha256: Sha256,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBounded(pathOf(directory, sha256), sha256);
  if (sha256Of(bytes) === sha256) return bytes;
  damaged.add(sha256);
  throw new FedgeError(
    "BLOB_HASH_MISMATCH",
    `blob ${sha256} is damaged on disk; store it again, or restore ${directory} from a backup`,
    { details: { sha256 } },
  );
}

async function readBounded(path: string, sha256: Sha256): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      // More than a blob can have is damage, whatever the bytes are: none of them is read.
      const bytes = new Uint8Array(size > MAX_BLOB_BYTES ? 0 : size);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw systemCodeOf(cause) === "ENOENT"
      ? absentBlob(sha256)
      : storageError(`cannot read blob ${sha256}`, cause);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (systemCodeOf(cause) === "ENOENT") return undefined;
    throw storageError(`cannot look at ${path}`, cause);
  }
}

async function remove(directory: string, sha256: Sha256): Promise<void> {
  const path = pathOf(directory, sha256);
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw storageError(`cannot delete blob ${sha256}`, cause);
  }
}

async function list(directory: string): Promise<Sha256[]> {
  try {
    const names: string[] = [];
    for (const first of (await readdir(directory)).filter((name) => SHARD.test(name))) {
      for (const second of (await readdir(join(directory, first))).filter((name) => SHARD.test(name))) {
        names.push(...(await readdir(join(directory, first, second))));
      }
    }
    return names.flatMap((name) => z.safeParse(sha256Schema, name).data ?? []).sort();
  } catch (cause) {
    throw storageError(`cannot list the blobs in ${directory}`, cause);
  }
}
