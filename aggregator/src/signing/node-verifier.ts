import type { SignatureVerifier, TufKey } from "@fedge/protocol";
import { constants, createPublicKey, verify, type KeyObject } from "node:crypto";

const ED25519_SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** Ed25519, ECDSA on P-256 with SHA-256, and RSA with SHA-256 (PSS or PKCS #1 v1.5), by Node. */
export const nodeVerifier: SignatureVerifier = {
  verify: async (key, signature, message) => {
    try {
      return verifyWith(key, signature, message);
    } catch {
      // A key or signature that the library cannot read is one that verifies nothing.
      return false;
    }
  },
};

function verifyWith({ scheme, keyval }: TufKey, signature: Uint8Array, message: Uint8Array): boolean {
  switch (scheme) {
    case "ed25519":
      return verify(null, message, ed25519Key(keyval.public), signature);
    case "ecdsa-sha2-nistp256": {
      const key = createPublicKey(keyval.public);
      const isCurve = key.asymmetricKeyDetails?.namedCurve === "prime256v1";
      return isCurve && verify("sha256", message, { key, dsaEncoding: "der" }, signature);
    }
    case "rsassa-pss-sha256": {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const key = rsaKey(keyval.public);
      return verify(
        "sha256",
        message,
        { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
        signature,
      );
    }
    case "rsa-pkcs1v15-sha256": {
      const padding = constants.RSA_PKCS1_PADDING;
      return verify("sha256", message, { key: rsaKey(keyval.public), padding }, signature);
    }
    default:
      return false;
  }
}

function ed25519Key(hex: string): KeyObject {
  const key = Buffer.concat([ED25519_SPKI_PREFIX, Buffer.from(hex, "hex")]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

function rsaKey(pem: string): KeyObject {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== "rsa") throw new TypeError("not an RSA key");
  return key;
}
