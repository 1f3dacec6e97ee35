import {
  FedgeError,
  decodeMetadata,
  requireSignatures,
  type Metadata,
  type Root,
  type SignedOf,
} from "@fedge/protocol";
import { nodeVerifier } from "./node-verifier.js";
import type { OnlineRole, SigningDirectory } from "./signing-directory.js";

/** A metadata file as it is published. */
export interface PublishedFile<Role extends keyof SignedOf> {
  readonly signed: SignedOf[Role];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** False when the root has taken the trust from the key that signed it. */
  readonly isSignedByRoot: boolean;
  /** Ids of the keys whose signatures stand on it. */
  readonly keyIds: readonly string[];
}

/** What is published: the timestamp, and what it names. */
export interface PublishedChain {
  readonly timestamp: PublishedFile<"timestamp">;
  readonly snapshot: PublishedFile<"snapshot">;
  readonly targets: PublishedFile<"targets">;
}

/**
 * What the timestamp's file leads to; undefined before the first publication. Files of higher versions were written by a
 * process that ended before it published them. Throws STORAGE_FAILED, or DATA_CORRUPT when a named file is missing.
 */
export async function readChain(
  directory: SigningDirectory,
  root: Root,
): Promise<PublishedChain | undefined> {
  const bytes = await directory.readMetadata("timestamp");
  if (bytes === undefined) return undefined;
  const timestamp = await open("timestamp", bytes, root);
  const snapshotVersion = timestamp.signed.meta["snapshot.json"].version;
  const snapshot = await open("snapshot", await required(directory, `${snapshotVersion}.snapshot`), root);
  const targetsVersion = snapshot.signed.meta["targets.json"]?.version;
  const targets = await open("targets", await required(directory, `${targetsVersion}.targets`), root);
  return { timestamp, snapshot, targets };
}

async function required(directory: SigningDirectory, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await directory.readMetadata(name);
  if (bytes !== undefined) return bytes;
  throw new FedgeError(
    "DATA_CORRUPT",
    `${name}.json is missing in ${directory.directory}; restore it from a backup`,
  );
}

async function open<Role extends OnlineRole>(
  role: Role,
  bytes: Uint8Array<ArrayBuffer>,
  root: Root,
): Promise<PublishedFile<Role>> {
  const metadata = decodeMetadata(role, bytes);
  const keyIds = metadata.signatures.map(({ keyid }) => keyid);
  return { signed: metadata.signed, bytes, keyIds, isSignedByRoot: await isSigned(role, metadata, root) };
}

async function isSigned(role: OnlineRole, metadata: Metadata<OnlineRole>, root: Root): Promise<boolean> {
  try {
    await requireSignatures(role, metadata, { role: root.roles[role], keys: root.keys }, nodeVerifier);
    return true;
  } catch (error) {
    if (error instanceof FedgeError && error.code === "METADATA_UNSIGNED") return false;
    throw error;
  }
}
