import { canonicalJson } from "./canonical-json.js";
import { toExpiry, type TopLevelRole, type TufKey } from "./metadata.js";
import { toHex } from "./signatures.js";
import type { Sha256Digest } from "./trusted-metadata.js";

export const TUF_SPEC_VERSION = "1.0.33";

/** A key pair whose private half stays where it is. */
export interface MetadataSigner {
  readonly keyId: string;
  readonly key: TufKey;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** The fields that every metadata file begins with, as they are written. */
export interface SignedHeader {
  readonly _type: TopLevelRole;
  readonly spec_version: string;
  readonly version: number;
  readonly expires: string;
}

/** The header of a file of this version; the expiry loses its milliseconds. */
export function signedHeader(type: TopLevelRole, version: number, expiresAtMs: number): SignedHeader {
  return { _type: type, spec_version: TUF_SPEC_VERSION, version, expires: toExpiry(expiresAtMs) };
}

/** SHA-256 of the key's canonical JSON, as the specification derives the id. */
export function keyIdOf(key: TufKey, digest: Sha256Digest): Promise<string> {
  return digest.sha256(canonicalJson(key));
}

/** The bytes of a metadata file with the signatures of all of the signers. */
export async function signMetadata(
  signed: object,
  signers: readonly MetadataSigner[],
): Promise<Uint8Array<ArrayBuffer>> {
  const message = canonicalJson(signed);
  const signatures = [];
  for (const signer of signers) {
    signatures.push({ keyid: signer.keyId, sig: toHex(await signer.sign(message)) });
  }
  return encodeMetadata(signed, signatures);
}

/** The bytes of a metadata file with these signatures. */
export function encodeMetadata(
  signed: object,
  signatures: readonly { readonly keyid: string; readonly sig: string }[],
): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ signatures, signed }));
}
