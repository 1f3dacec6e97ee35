import { blobRef, type BlobRef } from "@fedge/protocol";

export interface ActiveVersion {
  readonly version: number;
  readonly manifest: BlobRef;
  readonly releaseCounter: number;
  /** When it was committed, UTC epoch milliseconds; missing in records of older runtimes. */
  readonly installedAtMs?: number;
}

/** The record, or undefined for one that cannot be read: the device then starts without a version. */
export function decodeActiveVersion(bytes: Uint8Array): ActiveVersion | undefined {
  const value = parse(bytes);
  if (typeof value !== "object" || value === null) return undefined;
  const { version, manifest, releaseCounter, installedAtMs } = value as Record<string, unknown>;
  const ref = blobRef.safeParse(manifest);
  if (!Number.isSafeInteger(version) || !Number.isSafeInteger(releaseCounter) || !ref.success)
    return undefined;
  const active = { version: Number(version), manifest: ref.data, releaseCounter: Number(releaseCounter) };
  return Number.isSafeInteger(installedAtMs) ? { ...active, installedAtMs: Number(installedAtMs) } : active;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
