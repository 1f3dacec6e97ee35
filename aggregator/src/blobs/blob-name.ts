import { FedgeError, MAX_BLOB_BYTES, blobRef, type BlobRef, type Sha256 } from "@fedge/protocol";
import { createHash } from "node:crypto";
import * as z from "zod/mini";

/** The name of these bytes. Throws MESSAGE_TOO_LARGE above `MAX_BLOB_BYTES` and OPTION_INVALID for no bytes. */
export function blobRefOf(bytes: Uint8Array): BlobRef {
  if (bytes.byteLength > MAX_BLOB_BYTES) {
    throw new FedgeError(
      "MESSAGE_TOO_LARGE",
      `blob of ${bytes.byteLength} bytes; at most ${MAX_BLOB_BYTES} can be moved to a device`,
    );
  }
  if (bytes.byteLength === 0) throw new FedgeError("OPTION_INVALID", "a blob has at least one byte");
  return z.parse(blobRef, { sha256: sha256Of(bytes), sizeBytes: bytes.byteLength });
}

/** Lower-case hexadecimal SHA-256. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function absentBlob(sha256: Sha256): FedgeError {
  return new FedgeError("BLOB_INCOMPLETE", `blob ${sha256} is not stored here`, { details: { sha256 } });
}
