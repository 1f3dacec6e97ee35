import { FedgeError, deviceIdOfKey, type DeviceId } from "@fedge/protocol";
import { createHash, createPublicKey, timingSafeEqual, verify } from "node:crypto";

const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** The device's name, by its key. */
export function deviceIdOf(publicKey: Uint8Array): DeviceId {
  return deviceIdOfKey(createHash("sha256").update(publicKey).digest("base64url"));
}

/** The raw 32 bytes of a base64url Ed25519 public key. Throws TOKEN_INVALID. */
export function decodePublicKey(text: string): Uint8Array {
  return decodeExact(text, PUBLIC_KEY_BYTES, "public key");
}

/**
 * True when `signature` (base64url of 64 bytes) is the key's Ed25519 signature (RFC 8032) of the UTF-8 text.
 * Throws TOKEN_INVALID when it is not the text of a signature at all.
 */
export function isSignedBy(publicKey: Uint8Array, message: string, signature: string): boolean {
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") },
    format: "jwk",
  });
  return verify(
    null,
    Buffer.from(message, "utf8"),
    key,
    decodeExact(signature, SIGNATURE_BYTES, "signature"),
  );
}

/** Compares digests, so that the time taken says nothing about where or how the texts differ. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Only the canonical text is accepted: one key must not have two spellings. */
function decodeExact(text: string, length: number, what: string): Uint8Array {
  const bytes = text.length > 2 * length ? Buffer.alloc(0) : Buffer.from(text, "base64url");
  if (bytes.length === length && bytes.toString("base64url") === text) return bytes;
  throw new FedgeError("TOKEN_INVALID", `${what}: expected base64url of ${length} bytes, without padding`);
}
