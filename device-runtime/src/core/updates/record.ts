import { blobRef, type BlobRef } from "@fedge/protocol";

export interface ActiveVersion {
  readonly version: number;
  readonly manifest: BlobRef;
  readonly releaseCounter: number;
}

/** The record, or undefined for one that cannot be read: the device then starts without a version. */
export function decodeActiveVersion(bytes: Uint8Array): ActiveVersion | undefined {
  const value = parse(bytes);
  if (typeof value !== "object" || value === null) return undefined;
  const { version, manifest, releaseCounter } = value as Record<string, unknown>;
  const ref = blobRef.safeParse(manifest);
  if (!Number.isSafeInteger(version) || !Number.isSafeInteger(releaseCounter) || !ref.success)
    return undefined;
  return { version: Number(version), manifest: ref.data, releaseCounter: Number(releaseCounter) };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
