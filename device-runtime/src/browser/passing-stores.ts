import type { Sha256 } from "@fedge/protocol";
import type { BlobStore, ByteStore } from "../core/ports/storage.js";

/** Small values that are gone with the page. */
export function createPassingValues(): ByteStore {
  const values = new Map<string, Uint8Array>();
  const set = (key: string, value: Uint8Array | null): void => {
    if (value === null) values.delete(key);
    else values.set(key, value.slice());
  };
  return {
    get: async (key) => values.get(key)?.slice(),
    put: async (key, value) => set(key, value),
    delete: async (key) => set(key, null),
    write: async (changes) => changes.forEach(([key, value]) => set(key, value)),
    keys: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
}

/** Blobs that are gone with the page. */
export function createPassingBlobs(): BlobStore {
  const blobs = new Map<Sha256, Uint8Array>();
  return {
    get: async (sha256) => blobs.get(sha256),
    put: async (sha256, bytes) => void blobs.set(sha256, bytes.slice()),
    has: async (sha256) => blobs.has(sha256),
    delete: async (sha256) => void blobs.delete(sha256),
    list: async () => [...blobs.keys()],
  };
}
