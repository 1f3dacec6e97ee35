import type { SignatureVerifier } from "@fedge/protocol";
import { createPublicKey, verify } from "node:crypto";

/** SPKI header of a raw Ed25519 public key (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const PUBLIC_KEY = /^[0-9a-fA-F]{64}$/;
const SIGNATURE_BYTES = 64;

/** Ed25519, which is what an aggregator signs with. */
export const nodeVerifier: SignatureVerifier = {
  verify: async ({ keytype, scheme, keyval }, signature, message) => {
    if (keytype !== "ed25519" || scheme !== "ed25519") return false;
    if (!PUBLIC_KEY.test(keyval.public) || signature.byteLength !== SIGNATURE_BYTES) return false;
    const key = Buffer.concat([SPKI_PREFIX, Buffer.from(keyval.public, "hex")]);
    try {
      return verify(null, message, createPublicKey({ key, format: "der", type: "spki" }), signature);
    } catch {
      // Bytes that are no key of the curve verify nothing.
      return false;
    }
  },
};
