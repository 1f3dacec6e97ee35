import type { Sha256 } from "@fedge/protocol";
import { createHash } from "node:crypto";
import type { Digest } from "../core/ports/storage.js";

/** SHA-256 by OpenSSL. */
export const nodeDigest: Digest = {
  sha256: async (bytes) => createHash("sha256").update(bytes).digest("hex") as Sha256,
};
