import {
  FedgeError,
  signMetadata,
  signedHeader,
  type MetaFile,
  type Root,
  type TargetFile,
} from "@fedge/protocol";
import { nodeSha256 } from "./key-files.js";
import type { Lifetimes } from "./lifetimes.js";
import { readChain, type PublishedChain } from "./metadata-chain.js";
import type { OnlineRole, SigningDirectory } from "./signing-directory.js";

export interface ChainOptions {
  readonly directory: SigningDirectory;
  readonly lifetimes: Lifetimes;
  readonly nowMs: () => number;
}

/** Changes of the targets: by path, the file, or null to take it away. */
export type TargetChanges = ReadonlyMap<string, TargetFile | null>;

export interface Change {
  readonly published: PublishedChain | undefined;
  readonly changes: TargetChanges;
}

/** Writes the next version of each file that changes or is due. The timestamp always is. */
export async function writeChain(
  options: ChainOptions,
  root: Root,
  { published, changes }: Change,
): Promise<PublishedChain> {
  const { lifetimes, nowMs } = options;
  const [targetsBefore, snapshotBefore] = [published?.targets, published?.snapshot];
  const isTargetsDue = changes.size > 0 || isDue(targetsBefore, lifetimes.targetsMs, nowMs());
  const isSnapshotDue = isTargetsDue || isDue(snapshotBefore, lifetimes.snapshotMs, nowMs());
  let snapshotBytes = snapshotBefore?.bytes;
  if (isSnapshotDue || snapshotBytes === undefined) {
    const targets = isTargetsDue
      ? await writeTargets(options, root, { published, changes })
      : await describe(targetsBefore);
    const document = {
      ...header(options, "snapshot", snapshotBefore?.signed.version),
      meta: { "targets.json": targets },
    };
    snapshotBytes = await writeRole(options, root, "snapshot", document);
  }
  const snapshot = await metaFileOf(versionOf(snapshotBytes), snapshotBytes);
  const timestamp = {
    ...header(options, "timestamp", published?.timestamp.signed.version),
    meta: { "snapshot.json": snapshot },
  };
  await writeRole(options, root, "timestamp", timestamp);
  const written = await readChain(options.directory, root);
  if (written === undefined) throw new FedgeError("STORAGE_FAILED", "the timestamp that was written is gone");
  return written;
}

async function writeTargets(
  options: ChainOptions,
  root: Root,
  { published, changes }: Change,
): Promise<MetaFile> {
  const targets = new Map(Object.entries(published?.targets.signed.targets ?? {}));
  for (const [path, file] of changes) {
    if (file === null) targets.delete(path);
    else targets.set(path, file);
  }
  const document = {
    ...header(options, "targets", published?.targets.signed.version),
    targets: Object.fromEntries(targets),
  };
  return metaFileOf(document.version, await writeRole(options, root, "targets", document));
}

function header(
  { lifetimes, nowMs }: ChainOptions,
  role: OnlineRole,
  before: number | undefined,
): ReturnType<typeof signedHeader> {
  const lifetimeMs = {
    targets: lifetimes.targetsMs,
    snapshot: lifetimes.snapshotMs,
    timestamp: lifetimes.timestampMs,
  };
  return signedHeader(role, (before ?? 0) + 1, nowMs() + lifetimeMs[role]);
}

async function writeRole(
  { directory }: ChainOptions,
  root: Root,
  role: OnlineRole,
  document: object & { readonly version: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await signMetadata(document, [await directory.signerOf(role, root)]);
  await directory.writeMetadata(role === "timestamp" ? role : `${document.version}.${role}`, bytes);
  return bytes;
}

async function describe(file: PublishedChain["targets"] | undefined): Promise<MetaFile> {
  if (file === undefined) throw new FedgeError("INTERNAL", "there are no targets to keep");
  return metaFileOf(file.signed.version, file.bytes);
}

async function metaFileOf(version: number, bytes: Uint8Array): Promise<MetaFile> {
  return { version, length: bytes.byteLength, hashes: { sha256: await nodeSha256.sha256(bytes) } };
}

function versionOf(bytes: Uint8Array): number {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { signed: { version: number } }).signed.version;
}

export function isDue(
  file: { readonly signed: { readonly expires: number }; readonly isSignedByRoot: boolean } | undefined,
  lifetimeMs: number,
  nowMs: number,
): boolean {
  return file === undefined || !file.isSignedByRoot || file.signed.expires - nowMs <= lifetimeMs / 2;
}
