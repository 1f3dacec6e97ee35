import { deviceIdOfKey } from "@fedge/protocol";
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import type { DeviceKey } from "../identity/device-key.js";

/** PKCS #8 header of a raw Ed25519 private key (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX_BYTES = 12;

/** The key of a 32-byte seed. */
export function deviceKeyOf(seed: Uint8Array): DeviceKey {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = rawPublicKey(privateKey);
  return {
    publicKey: publicKey.toString("base64url"),
    deviceId: deviceIdOfKey(createHash("sha256").update(publicKey).digest("base64url")),
    sign: (text) => sign(null, Buffer.from(text, "utf8"), privateKey).toString("base64url"),
  };
}

function rawPublicKey(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX_BYTES);
}
