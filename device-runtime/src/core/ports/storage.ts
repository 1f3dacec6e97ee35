import type { Sha256 } from "@fedge/protocol";

/** Small values by key. Throws STORAGE_FAILED, or STORAGE_FULL when there is no room. */
export interface ByteStore {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Durable and whole when it resolves: a crash leaves the old value or the new one. */
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  /** Keys that begin with `prefix`, ascending. */
  keys(prefix: string): Promise<string[]>;
}

/** Immutable bytes by their hash. The caller has verified the hash. Throws as ByteStore does. */
export interface BlobStore {
  get(sha256: Sha256): Promise<Uint8Array | undefined>;
  put(sha256: Sha256, bytes: Uint8Array): Promise<void>;
  has(sha256: Sha256): Promise<boolean>;
  delete(sha256: Sha256): Promise<void>;
  list(): Promise<Sha256[]>;
}

/** SHA-256 of the platform. */
export interface Digest {
  sha256(bytes: Uint8Array): Promise<Sha256>;
}
