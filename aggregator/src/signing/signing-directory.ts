import { FedgeError, type MetadataSigner, type Root } from "@fedge/protocol";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../state-directory/make-directory.js";
import { createKeyFile, readKeyFile } from "./key-files.js";
import { readFileIfThere, writeFileAtomically } from "../state-directory/whole-file.js";

/** Roles whose keys the server signs with by itself. */
export const ONLINE_ROLES = ["targets", "snapshot", "timestamp"] as const;
export type OnlineRole = (typeof ONLINE_ROLES)[number];

const ROOT_FILE = /^([1-9][0-9]{0,9})\.root\.json$/;
const ROOT_KEY = /^root-[1-9][0-9]*\.pem$/;

/**
 * Keys and metadata on the disk:
 *
 * - `keys/{role}.pem`, `keys/root-{n}.pem` (not there when the root is offline), `keys/next/…` made by a rotation;
 * - `metadata/{version}.{role}.json` and `metadata/timestamp.json`, whose appearance publishes what it names;
 * - `next.root.json`: the next root, which waits for its signatures.
 */
export class SigningDirectory {
  constructor(
    readonly directory: string,
    readonly passphrase: string | null,
  ) {}

  get nextRootFile(): string {
    return join(this.directory, "next.root.json");
  }

  get keysDirectory(): string {
    return join(this.directory, "keys");
  }

  /** Makes the folders. */
  async prepare(): Promise<void> {
    await makeDirectory(join(this.keysDirectory, "next"));
    await makeDirectory(join(this.directory, "metadata"));
  }

  createKey(name: string, { isNext = false } = {}): Promise<MetadataSigner> {
    return createKeyFile(this.#keyFile(name, isNext), this.passphrase);
  }

  /** The present or the next key of an online role that this root trusts. Throws KEYS_MISSING. */
  async signerOf(role: OnlineRole, root: Root): Promise<MetadataSigner> {
    const { keyids } = root.roles[role];
    for (const isNext of [false, true]) {
      const signer = await readKeyFile(this.#keyFile(role, isNext), this.passphrase);
      if (signer !== undefined && keyids.includes(signer.keyId)) return signer;
    }
    throw new FedgeError(
      "KEYS_MISSING",
      `${this.#keyFile(role, false)} is not there, or is not the key that the root trusts for ${role}; restore it from a backup, or rotate it`,
    );
  }

  /** The next key of a role, when a rotation made one that is not in use yet. */
  nextKeyOf(role: OnlineRole): Promise<MetadataSigner | undefined> {
    return readKeyFile(this.#keyFile(role, true), this.passphrase);
  }

  /** Every root key that is here; none when the root is offline. */
  rootSigners(): Promise<MetadataSigner[]> {
    return readRootKeys(this.keysDirectory, this.passphrase);
  }

  /** Versions of the roots, ascending. */
  async rootVersions(): Promise<number[]> {
    const names = await readdir(join(this.directory, "metadata"));
    const versions = names.flatMap((name) => ROOT_FILE.exec(name)?.[1] ?? []).map(Number);
    return versions.sort((a, b) => a - b);
  }

  readMetadata(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return readFileIfThere(join(this.directory, "metadata", `${name}.json`));
  }

  writeMetadata(name: string, bytes: Uint8Array): Promise<void> {
    return writeFileAtomically(join(this.directory, "metadata", `${name}.json`), bytes);
  }

  readNextRoot(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return readFileIfThere(this.nextRootFile);
  }

  writeNextRoot(bytes: Uint8Array): Promise<void> {
    return writeFileAtomically(this.nextRootFile, bytes);
  }

  async removeNextRoot(): Promise<void> {
    await rm(this.nextRootFile, { force: true });
  }

  #keyFile(name: string, isNext: boolean): string {
    return isNext ? join(this.keysDirectory, "next", `${name}.pem`) : join(this.keysDirectory, `${name}.pem`);
  }
}

/** Every `root-{n}.pem` of a folder, which may be on another machine. Throws KEYS_MISSING for one that cannot be opened. */
export async function readRootKeys(directory: string, passphrase: string | null): Promise<MetadataSigner[]> {
  const names = (await readdir(directory)).filter((name) => ROOT_KEY.test(name)).sort();
  const signers = await Promise.all(names.map((name) => readKeyFile(join(directory, name), passphrase)));
  return signers.flatMap((signer) => signer ?? []);
}
