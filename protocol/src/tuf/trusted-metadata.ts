import { FedgeError } from "../errors.js";
import {
  decodeMetadata,
  type MetaFile,
  type Root,
  type Snapshot,
  type Targets,
  type Timestamp,
} from "./metadata.js";
import { requireSignatures, type Delegator, type SignatureVerifier } from "./signatures.js";

/** SHA-256 of the platform, as lower-case hexadecimal. */
export interface Sha256Digest {
  sha256(bytes: Uint8Array): Promise<string>;
}

export interface TrustPorts {
  readonly verifier: SignatureVerifier;
  readonly digest: Sha256Digest;
}

/** Where a file comes from: what the device has kept was checked against the metadata of its time, which are gone. */
export interface Origin {
  readonly isKept: boolean;
}
const FETCHED: Origin = { isKept: false };

/**
 * The metadata that are believed, each checked against those before it (specification, section 5). Pure but for the ports.
 *
 * T1  Nothing is believed that does not have the threshold of signatures of the role that may sign it.
 * T2  A root is followed by the next version only, and by one that both its own keys and those before it have signed.
 * T3  No version falls: of the timestamp, of the snapshot, of any targets; and none that the snapshot named disappears.
 * T4  A file is what its parent says: version, and length and hash where the parent gives them.
 * T5  Nothing that is expired at the start of the update leads on to another file.
 * T6  A throw changes nothing of what was believed from the network before.
 */
export class TrustedMetadata {
  #timestamp: Timestamp | null = null;
  #snapshot: Snapshot | null = null;
  readonly #targets = new Map<string, Targets>();

  private constructor(
    private readonly ports: TrustPorts,
    /** The start of the update: the time for every expiry. */
    private readonly startMs: number,
    private trustedRoot: Root,
  ) {}

  /** Begins at a root that is trusted because of where it comes from. Throws METADATA_MALFORMED or METADATA_UNSIGNED. */
  static async begin(root: Uint8Array, startMs: number, ports: TrustPorts): Promise<TrustedMetadata> {
    const metadata = decodeMetadata("root", root);
    await requireSignatures("root", metadata, delegatorOf(metadata.signed, "root"), ports.verifier);
    return new TrustedMetadata(ports, startMs, metadata.signed);
  }

  get root(): Root {
    return this.trustedRoot;
  }

  get timestamp(): Timestamp | null {
    return this.#timestamp;
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  targets(role: string): Targets | undefined {
    return this.#targets.get(role);
  }

  /** The next root. Throws METADATA_UNSIGNED, METADATA_ROLLBACK for another version than the next, METADATA_MALFORMED. */
  async updateRoot(bytes: Uint8Array): Promise<void> {
    const metadata = decodeMetadata("root", bytes);
    const { signed } = metadata;
    await requireSignatures("root", metadata, delegatorOf(this.trustedRoot, "root"), this.ports.verifier);
    requireVersion("root", signed.version, this.trustedRoot.version + 1);
    await requireSignatures("root", metadata, delegatorOf(signed, "root"), this.ports.verifier);
    this.trustedRoot = signed;
  }

  /** The chain of roots has ended: only the last one has to be fresh. Throws METADATA_EXPIRED. */
  requireFreshRoot(): void {
    this.#requireFresh("root", this.trustedRoot);
  }

  /**
   * True when the timestamp is a new one; the same version again is discarded. A kept one may be expired: the versions in
   * it still count. Throws METADATA_UNSIGNED, METADATA_ROLLBACK, METADATA_EXPIRED or METADATA_MALFORMED.
   */
  async updateTimestamp(bytes: Uint8Array, { isKept } = FETCHED): Promise<boolean> {
    const metadata = decodeMetadata("timestamp", bytes);
    const { signed } = metadata;
    await requireSignatures(
      "timestamp",
      metadata,
      delegatorOf(this.trustedRoot, "timestamp"),
      this.ports.verifier,
    );
    const before = this.#timestamp;
    if (before !== null) {
      requireNotOlder("timestamp", signed.version, before.version);
      if (signed.version === before.version) {
        this.#requireFresh("timestamp", before);
        return false;
      }
      requireNotOlder("snapshot", snapshotOf(signed).version, snapshotOf(before).version);
    }
    if (!isKept) this.#requireFresh("timestamp", signed);
    this.#timestamp = signed;
    return true;
  }

  /** What the timestamp says of the snapshot. Throws METADATA_UNAVAILABLE before there is a timestamp. */
  get expectedSnapshot(): MetaFile {
    return snapshotOf(required("timestamp", this.#timestamp));
  }

  /**
   * A kept snapshot may be another one than the timestamp names: what it says still counts against a rollback.
   *
   * Throws METADATA_MISMATCH, METADATA_UNSIGNED, METADATA_ROLLBACK, METADATA_EXPIRED or METADATA_MALFORMED.
   */
  async updateSnapshot(bytes: Uint8Array, { isKept } = FETCHED): Promise<void> {
    const expected = this.expectedSnapshot;
    if (!isKept) await this.#requireBytes("snapshot", bytes, expected);
    const metadata = decodeMetadata("snapshot", bytes);
    const { signed } = metadata;
    await requireSignatures(
      "snapshot",
      metadata,
      delegatorOf(this.trustedRoot, "snapshot"),
      this.ports.verifier,
    );
    if (!isKept) requireVersion("snapshot", signed.version, expected.version);
    for (const [file, { version }] of Object.entries(this.#snapshot?.meta ?? {})) {
      const found = Object.hasOwn(signed.meta, file) ? signed.meta[file] : undefined;
      if (found === undefined) throw rollback(`${file} is not in the snapshot any more`);
      requireNotOlder(file, found.version, version);
    }
    if (!isKept) this.#requireFresh("snapshot", signed);
    this.#snapshot = signed;
  }

  /** Whether the snapshot that is believed is the one that the timestamp names, and fresh. */
  get hasCurrentSnapshot(): boolean {
    const snapshot = this.#snapshot;
    return (
      snapshot !== null &&
      snapshot.version === this.expectedSnapshot.version &&
      snapshot.expires > this.startMs
    );
  }

  /** What the snapshot says of a targets role. Throws METADATA_MISMATCH when it does not name it. */
  expectedTargets(role: string): MetaFile {
    const { meta } = required("snapshot", this.#snapshot);
    const found = Object.hasOwn(meta, `${role}.json`) ? meta[`${role}.json`] : undefined;
    if (found !== undefined) return found;
    throw new FedgeError("METADATA_MISMATCH", `the snapshot does not name the role ${role}`);
  }

  /**
   * The targets of a role, which `parent` delegates (the root, for `targets`).
   *
   * Throws METADATA_MISMATCH, METADATA_UNSIGNED, METADATA_EXPIRED or METADATA_MALFORMED.
   */
  async updateTargets(role: string, parent: string, bytes: Uint8Array): Promise<Targets> {
    if (!this.hasCurrentSnapshot) throw unavailable("snapshot");
    const expected = this.expectedTargets(role);
    await this.#requireBytes(role, bytes, expected);
    const metadata = decodeMetadata("targets", bytes);
    await requireSignatures(role, metadata, this.#delegatorOfTargets(role, parent), this.ports.verifier);
    requireVersion(role, metadata.signed.version, expected.version);
    this.#requireFresh(role, metadata.signed);
    this.#targets.set(role, metadata.signed);
    return metadata.signed;
  }

  #delegatorOfTargets(role: string, parent: string): Delegator {
    if (parent === "root") return delegatorOf(this.trustedRoot, "targets");
    const delegations = required(parent, this.#targets.get(parent) ?? null).delegations;
    const found = delegations?.roles.find(({ name }) => name === role);
    if (delegations !== undefined && found !== undefined) return { role: found, keys: delegations.keys };
    throw new FedgeError("METADATA_UNSIGNED", `${parent} does not delegate to ${role}`);
  }

  async #requireBytes(name: string, bytes: Uint8Array, { length, hashes }: MetaFile): Promise<void> {
    if (length !== undefined && bytes.byteLength !== length) {
      throw mismatch(`${name} metadata have ${bytes.byteLength} bytes; ${length} were announced`);
    }
    if (hashes === undefined) return;
    if (hashes["sha256"] === undefined) throw mismatch(`${name} metadata are announced without a SHA-256`);
    if ((await this.ports.digest.sha256(bytes)) !== hashes["sha256"]) {
      throw mismatch(`${name} metadata are other bytes than were announced`);
    }
  }

  #requireFresh(
    name: string,
    { expires, version }: { readonly expires: number; readonly version: number },
  ): void {
    if (expires > this.startMs) return;
    const at = new Date(expires).toISOString();
    throw new FedgeError(
      "METADATA_EXPIRED",
      `${name} metadata ${version} have expired at ${at}; nothing is installed until newer ones come`,
      { details: { role: name } },
    );
  }
}

function delegatorOf(root: Root, role: keyof Root["roles"]): Delegator {
  return { role: root.roles[role], keys: root.keys };
}

function snapshotOf(timestamp: Timestamp): MetaFile {
  return timestamp.meta["snapshot.json"];
}

function required<T>(name: string, value: T | null): T {
  if (value === null) throw unavailable(name);
  return value;
}

function unavailable(name: string): FedgeError {
  return new FedgeError("METADATA_UNAVAILABLE", `there are no ${name} metadata yet`);
}

function requireVersion(name: string, found: number, expected: number): void {
  if (found === expected) return;
  const message = `${name} metadata are version ${found}; version ${expected} was announced`;
  throw name === "root" ? rollback(message) : mismatch(message);
}

function requireNotOlder(name: string, found: number, trusted: number): void {
  if (found >= trusted) return;
  throw rollback(`${name} metadata are version ${found}; version ${trusted} was seen before`);
}

function rollback(message: string): FedgeError {
  return new FedgeError("METADATA_ROLLBACK", message);
}

function mismatch(message: string): FedgeError {
  return new FedgeError("METADATA_MISMATCH", message);
}
