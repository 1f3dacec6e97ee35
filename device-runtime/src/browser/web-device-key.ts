import { FedgeError, deviceIdOfKey } from "@fedge/protocol";
import type { DeviceKey } from "../identity/device-key.js";
import { guarded, reading, type DeviceDatabase } from "./database.js";
import { requireSubtle } from "./web-digest.js";

const KEY = "device";
const ALGORITHM = "Ed25519";

/**
 * The device's key, made the first time. Its private half cannot be exported: a script of the page can sign while it
 * runs, and take nothing away. Throws STORAGE_FAILED, and ENGINE_UNAVAILABLE for a browser without Ed25519.
 */
export async function openWebDeviceKey(database: DeviceDatabase): Promise<DeviceKey> {
  const kept = await reading(database, "keys", (keys) => keys.get(KEY));
  return deviceKeyOf(kept ?? (await makeKey(database)));
}

/** The key is gone for good. Throws STORAGE_FAILED. */
export async function eraseWebDeviceKey(database: DeviceDatabase): Promise<void> {
  await guarded(() => database.delete("keys", KEY));
}

/** A key that is gone with the page. Throws ENGINE_UNAVAILABLE for a browser without Ed25519. */
export async function makePassingKey(): Promise<DeviceKey> {
  return deviceKeyOf(await generate());
}

async function makeKey(database: DeviceDatabase): Promise<CryptoKeyPair> {
  const made = await generate();
  // Another tab may have been first: the transaction decides.
  return guarded(async () => {
    const transaction = database.transaction("keys", "readwrite", { durability: "strict" });
    // An abort rejects the request that is awaited first.
    transaction.done.catch(() => undefined);
    const first = await transaction.store.get(KEY);
    if (first === undefined) await transaction.store.put(made, KEY);
    await transaction.done;
    return first ?? made;
  });
}

async function generate(): Promise<CryptoKeyPair> {
  try {
    return (await requireSubtle().generateKey(ALGORITHM, false, ["sign", "verify"])) as CryptoKeyPair;
  } catch (cause) {
    if (cause instanceof FedgeError) throw cause;
    throw new FedgeError("ENGINE_UNAVAILABLE", "this browser has no Ed25519 keys; update it", { cause });
  }
}

async function deviceKeyOf(pair: CryptoKeyPair): Promise<DeviceKey> {
  const subtle = requireSubtle();
  const raw = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  const hash = new Uint8Array(await subtle.digest("SHA-256", raw));
  return {
    publicKey: base64Url(raw),
    deviceId: deviceIdOfKey(base64Url(hash)),
    sign: async (text) => {
      const signature = await subtle.sign(ALGORITHM, pair.privateKey, new TextEncoder().encode(text));
      return base64Url(new Uint8Array(signature));
    },
  };
}

/** RFC 4648, section 5, without padding. */
function base64Url(bytes: Uint8Array): string {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
