import { FedgeError } from "../errors.js";
import type { Metadata, RoleKeys, TopLevelRole, TufKey } from "./metadata.js";

/** Checks signatures with the platform's cryptography. */
export interface SignatureVerifier {
  /** False for a signature that is wrong and for a type, scheme or form of key that it does not know; never throws. */
  verify(key: TufKey, signature: Uint8Array, message: Uint8Array): Promise<boolean>;
}

/** Who may sign for a role, and the keys by their ids. */
export interface Delegator {
  readonly role: RoleKeys;
  readonly keys: Readonly<Record<string, TufKey>>;
}

/**
 * Returns when enough different keys of the role signed. Wrong signatures, and those of other keys, count for nothing; the
 * same key under two ids counts once. Throws METADATA_UNSIGNED.
 */
export async function requireSignatures(
  name: string,
  metadata: Pick<Metadata<TopLevelRole>, "signatures" | "signedBytes">,
  delegator: Delegator,
  verifier: SignatureVerifier,
): Promise<void> {
  const { threshold } = delegator.role;
  const signers = new Set<string>();
  for (const { keyid, sig } of metadata.signatures) {
    const key = keyOf(delegator, keyid);
    const signature = fromHex(sig);
    if (key === undefined || signature === undefined) continue;
    const identity = identityOf(key);
    if (signers.has(identity)) continue;
    if (await verifier.verify(key, signature, metadata.signedBytes)) signers.add(identity);
    if (signers.size >= threshold) return;
  }
  throw new FedgeError(
    "METADATA_UNSIGNED",
    `${name} metadata have ${signers.size} of the ${threshold} signatures that they need; nothing in them is believed`,
  );
}

/** Hexadecimal digits mean the same in both cases; the base64 of a PEM text does not. */
function identityOf({ keytype, scheme, keyval }: TufKey): string {
  const text = keyval.public.trim();
  return [keytype, scheme, keytype === "ed25519" ? text.toLowerCase() : text].join("\n");
}

function keyOf({ role, keys }: Delegator, keyid: string): TufKey | undefined {
  return role.keyids.includes(keyid) && Object.hasOwn(keys, keyid) ? keys[keyid] : undefined;
}

/** The bytes; undefined for what is no hexadecimal text. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length === 0 || text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at += 1)
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
