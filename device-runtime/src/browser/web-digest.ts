import { FedgeError, type Sha256 } from "@fedge/protocol";
import type { Digest } from "../core/ports/storage.js";

/** SHA-256 by Web Cryptography, which pages have that came over HTTPS or from this machine. */
export const webDigest: Digest = {
  sha256: async (bytes) => {
    const digest = await requireSubtle().digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
    return hexOf(new Uint8Array(digest)) as Sha256;
  },
};

/** Throws ENGINE_UNAVAILABLE in a page that came over plain HTTP. */
export function requireSubtle(): SubtleCrypto {
  // The type says that it is always there; in an insecure context it is not.
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (subtle !== undefined) return subtle;
  throw new FedgeError(
    "ENGINE_UNAVAILABLE",
    "this page has no Web Cryptography; serve it over HTTPS or from localhost",
  );
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
