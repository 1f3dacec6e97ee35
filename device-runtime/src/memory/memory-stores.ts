import type { Sha256 } from "@fedge/protocol";
import type { BlobStore, ByteStore } from "../core/ports/storage.js";

/** A byte store that is gone with the process. */
export function createMemoryByteStore(): ByteStore {
  const values = new Map<string, Uint8Array>();
  return {
    get: async (key) => values.get(key)?.slice(),
    put: async (key, value) => void values.set(key, value.slice()),
    delete: async (key) => void values.delete(key),
    write: async (changes) => {
      for (const [key, value] of changes) {
        if (value === null) values.delete(key);
        else values.set(key, value.slice());
      }
    },
    keys: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
}

/** A blob store that is gone with the process. */
export function createMemoryBlobStore(): BlobStore {
  const blobs = new Map<Sha256, Uint8Array>();
  return {
    get: async (sha256) => blobs.get(sha256),
    put: async (sha256, bytes) => void blobs.set(sha256, bytes),
    has: async (sha256) => blobs.has(sha256),
    delete: async (sha256) => void blobs.delete(sha256),
    list: async () => [...blobs.keys()],
  };
}
