import type { SecureRandom } from "@fedge/protocol";
import { randomFillSync } from "node:crypto";

/** The operating system's cryptographic source. */
export const nodeSecureRandom: SecureRandom = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};
