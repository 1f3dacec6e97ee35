import type { BlobRef, Sha256 } from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import { sha256Of } from "../blobs/blob-name.js";
import { newestRoot } from "./key-ceremony.js";
import type { SigningDirectory } from "./signing-directory.js";
import type { SigningRepository } from "./signing-repository.js";

/** What any TUF client may fetch. */
export interface ServedMetadata {
  /** The root that devices should begin with. */
  newestRoot(): Promise<BlobRef>;
  /** A published metadata file by its name, such as `2.root.json`; undefined when there is none. */
  file(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** A target's bytes by its path, whose last part begins with the hash; undefined when it is none. */
  target(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

const VERSIONED = /^([1-9][0-9]{0,9})\.(root|snapshot|targets)\.json$/;
const HASHED = /^([0-9a-f]{64})\.([^/]+)$/;

/** Files and targets of the repository; files that were written and never published are not among them. */
export function servedMetadata(
  { repository, directory }: { readonly repository: SigningRepository; readonly directory: SigningDirectory },
  blobs: Pick<BlobStore, "get" | "has">,
): ServedMetadata {
  return {
    newestRoot: async () => {
      const bytes = await newestRoot(directory);
      return { sha256: sha256Of(bytes) as Sha256, sizeBytes: bytes.byteLength };
    },
    file: async (name) => {
      const { timestamp, snapshot, targets } = repository.published;
      if (name === "timestamp.json") return timestamp.bytes;
      const [, version, role] = VERSIONED.exec(name) ?? [];
      const newest = {
        root: repository.root.version,
        snapshot: snapshot.signed.version,
        targets: targets.signed.version,
      };
      const isPublished = role !== undefined && Number(version) <= newest[role as keyof typeof newest];
      return isPublished ? directory.readMetadata(`${version}.${role}`) : undefined;
    },
    target: async (path) => {
      const parts = path.split("/");
      const [, hash, name] = HASHED.exec(parts.pop() ?? "") ?? [];
      const signed = repository.target([...parts, name].join("/"));
      if (hash === undefined || signed?.hashes["sha256"] !== hash) return undefined;
      return (await blobs.has(hash as Sha256)) ? blobs.get(hash as Sha256) : undefined;
    },
  };
}
