import type { BlobRef, Sha256 } from "@fedge/protocol";

/** Immutable bytes by their SHA-256. */
export interface BlobStore {
  /** Stores the bytes durably and atomically and gives their name; storing the same bytes again is free. */
  put(bytes: Uint8Array): Promise<BlobRef>;
  /** The bytes, verified against the hash. Throws BLOB_INCOMPLETE when absent, BLOB_HASH_MISMATCH when damaged. */
  get(sha256: Sha256): Promise<Uint8Array<ArrayBuffer>>;
  has(sha256: Sha256): Promise<boolean>;
  delete(sha256: Sha256): Promise<void>;
  list(): Promise<Sha256[]>;
}
