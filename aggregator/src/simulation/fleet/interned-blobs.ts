import type { BlobStore } from "@fedge/device-runtime";
import type { Sha256 } from "@fedge/protocol";

interface Shared {
  readonly bytes: Uint8Array;
  numOwners: number;
}

/**
 * Blob stores of many devices in one thread that keep equal bytes once. Each device still fetches what it has not
 * fetched itself; a thousand devices with the same model only need the memory of one.
 */
export class InternedBlobs {
  readonly #shared = new Map<Sha256, Shared>();

  /** The store of one more device. */
  newStore(): BlobStore {
    const own = new Set<Sha256>();
    return {
      get: (sha256) => Promise.resolve(own.has(sha256) ? this.#shared.get(sha256)?.bytes : undefined),
      put: (sha256, bytes) => {
        if (!own.has(sha256)) this.#add(sha256, bytes);
        own.add(sha256);
        return Promise.resolve();
      },
      has: (sha256) => Promise.resolve(own.has(sha256)),
      delete: (sha256) => {
        if (own.delete(sha256)) this.#remove(sha256);
        return Promise.resolve();
      },
      list: () => Promise.resolve([...own]),
    };
  }

  /** Different blobs in memory. */
  get size(): number {
    return this.#shared.size;
  }

  #add(sha256: Sha256, bytes: Uint8Array): void {
    const shared = this.#shared.get(sha256) ?? { bytes, numOwners: 0 };
    shared.numOwners += 1;
    this.#shared.set(sha256, shared);
  }

  #remove(sha256: Sha256): void {
    const shared = this.#shared.get(sha256);
    if (shared === undefined) return;
    shared.numOwners -= 1;
    if (shared.numOwners === 0) this.#shared.delete(sha256);
  }
}
