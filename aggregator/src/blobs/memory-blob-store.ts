import type { Sha256 } from "@fedge/protocol";
import { absentBlob, blobRefOf } from "./blob-name.js";
import type { BlobStore } from "./port.js";

/** Blobs in this process's memory, for tests and for simulations that leave nothing behind. */
export function createMemoryBlobStore(): BlobStore {
  const blobs = new Map<Sha256, Uint8Array<ArrayBuffer>>();
  return {
    put: async (bytes) => {
      const ref = blobRefOf(bytes);
      if (!blobs.has(ref.sha256)) blobs.set(ref.sha256, bytes.slice());
      return ref;
    },
    get: async (sha256) => {
      const bytes = blobs.get(sha256);
      if (bytes === undefined) throw absentBlob(sha256);
      return bytes.slice();
    },
    has: async (sha256) => blobs.has(sha256),
    delete: async (sha256) => void blobs.delete(sha256),
    list: async () => [...blobs.keys()],
  };
}
