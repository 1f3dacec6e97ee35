import { fromHex, type SignatureVerifier } from "@fedge/protocol";
import { requireSubtle } from "./web-digest.js";

const PUBLIC_KEY_BYTES = 32;

/** Ed25519 by WebCrypto, which is what an aggregator signs with. */
export const webVerifier: SignatureVerifier = {
  verify: async ({ keytype, scheme, keyval }, signature, message) => {
    const raw = fromHex(keyval.public);
    if (keytype !== "ed25519" || scheme !== "ed25519" || raw?.length !== PUBLIC_KEY_BYTES) return false;
    const subtle = requireSubtle();
    try {
      const key = await subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
      return await subtle.verify("Ed25519", key, new Uint8Array(signature), new Uint8Array(message));
    } catch {
      // Bytes that are no key of the curve verify nothing.
      return false;
    }
  },
};
