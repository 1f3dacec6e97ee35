import type { Sha256 } from "@fedge/protocol";

/** A key's new value, or null to delete it. */
export type StoreChange = readonly [key: string, value: Uint8Array | null];

/** Small values by key. Throws STORAGE_FAILED, or STORAGE_FULL when there is no room. */
export interface ByteStore {
  /** The value; undefined when there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Durable and whole when it resolves: a crash leaves the old value or the new one. */
  put(key: string, value: Uint8Array): Promise<void>;
  /** What is not there is deleted already. */
  delete(key: string): Promise<void>;
  /**
   * All of the changes or, after a crash or a throw, none; null deletes. Durable when it resolves, or, where that is not
   * asked for, some time later, in the order of the writes.
   */
  write(changes: readonly StoreChange[], options?: { readonly isDurable: boolean }): Promise<void>;
  /** Keys that begin with `prefix`, ascending. */
  keys(prefix: string): Promise<string[]>;
}

/** Immutable bytes by their hash. The caller has verified the hash. Throws as ByteStore does. */
export interface BlobStore {
  /** The bytes; undefined when the store has not got them. */
  get(sha256: Sha256): Promise<Uint8Array | undefined>;
  /** Whole and durable when it resolves. Bytes that are there already may be kept. */
  put(sha256: Sha256, bytes: Uint8Array): Promise<void>;
  /** Whether the bytes are there. */
  has(sha256: Sha256): Promise<boolean>;
  /** What is not there is deleted already. */
  delete(sha256: Sha256): Promise<void>;
  /** Hashes of all blobs, in any order. */
  list(): Promise<Sha256[]>;
}

/** SHA-256 of the platform. */
export interface Digest {
  /** Lower-case hexadecimal. */
  sha256(bytes: Uint8Array): Promise<Sha256>;
}
