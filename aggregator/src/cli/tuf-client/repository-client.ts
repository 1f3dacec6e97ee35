import {
  FedgeError,
  MAX_BLOB_BYTES,
  TufClient,
  type FoundTarget,
  type MetadataSource,
  type MetadataStore,
  type TargetFile,
} from "@fedge/protocol";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { nodeSha256 } from "../../signing/key-files.js";
import { nodeVerifier } from "../../signing/node-verifier.js";
import { readFileIfThere, writeFileAtomically } from "../../state-directory/whole-file.js";
import { makeDirectory } from "../../state-directory/make-directory.js";
import { fetchBounded } from "./bounded-fetch.js";

/** Algorithms that a target's hash is checked with, the first that it has. */
const ALGORITHMS = ["sha256", "sha512"] as const;

/** Trusted metadata as files without versions in their names. */
export function metadataIn(directory: string): MetadataStore {
  // Whatever a role is called, its file stays in the directory.
  const path = (role: string): string => join(directory, `${encodeURIComponent(role)}.json`);
  return {
    get: (role) => readFileIfThere(path(role)),
    put: (role, bytes) => writeFileAtomically(path(role), bytes),
  };
}

/** A repository behind a web address. */
export function metadataAt(url: string): MetadataSource {
  const base = url.replace(/\/+$/, "");
  return {
    fetch: ({ role, version, maxBytes }) => {
      const name = `${version === null ? "" : `${version}.`}${encodeURIComponent(role)}.json`;
      return fetchBounded(`${base}/${name}`, maxBytes);
    },
  };
}

export function refreshMetadata(directory: string, url: string, nowMs: number): Promise<TufClient> {
  const places = { store: metadataIn(directory), source: metadataAt(url) };
  return TufClient.refresh({ ...places, verifier: nodeVerifier, digest: nodeSha256 }, nowMs);
}

export interface DownloadOptions {
  readonly targetName: string;
  readonly targetBaseUrl: string;
  readonly targetDirectory: string;
}

export interface Downloaded {
  readonly path: string;
  readonly sizeBytes: number;
  /** The file was there already. */
  readonly isCached: boolean;
}

/**
 * Stores the target, verified, under a name made from its own. Throws TARGET_UNKNOWN, METADATA_MISMATCH for other bytes
 * than are signed, METADATA_UNAVAILABLE, and what `find` throws; no file has changed then.
 */
export async function downloadTarget(client: TufClient, options: DownloadOptions): Promise<Downloaded> {
  const { targetName, targetDirectory } = options;
  const found = await client.find(targetName);
  if (found === undefined) throw new FedgeError("TARGET_UNKNOWN", `no signed target is named ${targetName}`);
  if (found.file.length > MAX_BLOB_BYTES) {
    throw new FedgeError(
      "METADATA_MALFORMED",
      `${targetName} has ${found.file.length} bytes; at most ${MAX_BLOB_BYTES}`,
    );
  }
  const path = join(targetDirectory, fileNameOf(targetName));
  const sizeBytes = found.file.length;
  const cached = await readFileIfThere(path);
  if (cached !== undefined && isSigned(found.file, cached)) return { path, sizeBytes, isCached: true };
  const url = addressOf(found, options.targetBaseUrl, client.metadata.root.consistent_snapshot);
  const bytes = await fetchBounded(url, sizeBytes);
  if (bytes === undefined)
    throw new FedgeError("METADATA_UNAVAILABLE", `the repository has no ${targetName}`);
  if (!isSigned(found.file, bytes)) {
    throw new FedgeError("METADATA_MISMATCH", `${targetName} arrived with other bytes than are signed`);
  }
  await makeDirectory(targetDirectory);
  await writeFileAtomically(path, bytes);
  return { path, sizeBytes, isCached: false };
}

/** One file in the directory, whatever slashes the name has. */
function fileNameOf(targetName: string): string {
  const name = encodeURIComponent(targetName);
  if (name !== "." && name !== ".." && name !== "") return name;
  throw new FedgeError("OPTION_INVALID", `"${targetName}" cannot name a file`);
}

/** With consistent snapshots the hash stands before the last part of the path. */
function addressOf({ path, file }: FoundTarget, base: string, isConsistent: boolean): string {
  const parts = path.split("/");
  const hash = file.hashes[algorithmOf(file)] ?? "";
  const name = parts.pop() ?? "";
  const last = isConsistent ? `${hash}.${name}` : name;
  return [base.replace(/\/+$/, ""), ...[...parts, last].map(encodeURIComponent)].join("/");
}

function isSigned(file: TargetFile, bytes: Uint8Array): boolean {
  const algorithm = algorithmOf(file);
  const hash = createHash(algorithm).update(bytes).digest("hex");
  return bytes.byteLength === file.length && hash === file.hashes[algorithm];
}

function algorithmOf({ hashes }: TargetFile): (typeof ALGORITHMS)[number] {
  const known = ALGORITHMS.find((algorithm) => hashes[algorithm] !== undefined);
  if (known !== undefined) return known;
  throw new FedgeError(
    "METADATA_MISMATCH",
    "the target is signed with hashes that this client does not know",
  );
}
