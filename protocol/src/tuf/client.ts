import { FedgeError, hasErrorCode } from "../errors.js";
import {
  MAX_METADATA_BYTES,
  type DelegatedRole,
  type MetaFile,
  type TargetFile,
  type Targets,
} from "./metadata.js";
import { matchesPath } from "./path-pattern.js";
import { TrustedMetadata, type TrustPorts } from "./trusted-metadata.js";

/** Most roots that one update follows; the next update goes on from there. */
const MAX_ROOT_ROTATIONS = 256;
/** Most roles that a search for one target asks. */
const MAX_DELEGATIONS = 32;

/** A metadata file that a source should give. */
export interface WantedMetadata {
  readonly role: string;
  /** Part of the file's name; null where the repository has no consistent snapshots, and for the timestamp. */
  readonly version: number | null;
  /** What its parent says of it; null for the root and the timestamp. */
  readonly expected: MetaFile | null;
  /** A source reads no byte more. */
  readonly maxBytes: number;
}

/** Where metadata come from. Nothing that it gives is believed without a check. */
export interface MetadataSource {
  /** The file's bytes; undefined when there is none. Throws METADATA_UNAVAILABLE. */
  fetch(wanted: WantedMetadata): Promise<Uint8Array | undefined>;
}

/** Keeps the last trusted file of each role, by the role's name. */
export interface MetadataStore {
  get(role: string): Promise<Uint8Array | undefined>;
  /** Durable when it resolves. */
  put(role: string, bytes: Uint8Array): Promise<void>;
}

export interface TufClientOptions extends TrustPorts {
  readonly source: MetadataSource;
  readonly store: MetadataStore;
}

export interface FoundTarget {
  readonly path: string;
  /** The role that signed it. */
  readonly role: string;
  readonly file: TargetFile;
}

/** One update of the metadata (specification, section 5), and the targets that can be found with it. */
export class TufClient {
  private constructor(
    private readonly options: TufClientOptions,
    private readonly trusted: TrustedMetadata,
  ) {}

  /**
   * Brings what is kept to the newest: roots, timestamp, snapshot, targets, in this order, each kept once it is believed.
   * `startMs` is the time for every expiry. What goes wrong leaves what was believed before.
   *
   * Throws METADATA_UNAVAILABLE, METADATA_MALFORMED, METADATA_UNSIGNED, METADATA_EXPIRED, METADATA_ROLLBACK or
   * METADATA_MISMATCH, and what the store throws.
   */
  static async refresh(options: TufClientOptions, startMs: number): Promise<TufClient> {
    const root = await options.store.get("root");
    if (root === undefined) {
      throw new FedgeError("METADATA_UNAVAILABLE", "there is no trusted root; initialize with one");
    }
    const client = new TufClient(options, await TrustedMetadata.begin(root, startMs, options));
    await client.#followRoots();
    await client.#updateTimestamp();
    await client.#updateSnapshot();
    await client.#targetsOf("targets", "root");
    return client;
  }

  /** The metadata that are believed now. */
  get metadata(): Pick<TrustedMetadata, "root" | "timestamp" | "snapshot"> {
    return this.trusted;
  }

  /**
   * The target, searched in the order of the delegations: those of a role before its next sibling, and none after a
   * terminating one that the path matches. Undefined when no role that may has it.
   *
   * Throws METADATA_* for a role on the way that cannot be believed: the search ends there.
   */
  async find(path: string): Promise<FoundTarget | undefined> {
    const toVisit: { role: string; parent: string }[] = [{ role: "targets", parent: "root" }];
    const visited = new Set<string>();
    for (let next = toVisit.pop(); next !== undefined; next = toVisit.pop()) {
      const { role, parent } = next;
      if (visited.has(role)) continue;
      if (visited.size > MAX_DELEGATIONS) return undefined;
      visited.add(role);
      const targets = await this.#targetsOf(role, parent);
      const file = Object.hasOwn(targets.targets, path) ? targets.targets[path] : undefined;
      if (file !== undefined) return { path, role, file };
      const { children, isTerminated } = await this.#delegates(targets, path);
      if (isTerminated) toVisit.length = 0;
      toVisit.push(...children.map((child) => ({ role: child.name, parent: role })).reverse());
    }
    return undefined;
  }

  async #followRoots(): Promise<void> {
    for (let count = 0; count < MAX_ROOT_ROTATIONS; count += 1) {
      const version = this.trusted.root.version + 1;
      const maxBytes = MAX_METADATA_BYTES.root;
      const bytes = await this.options.source.fetch({ role: "root", version, expected: null, maxBytes });
      if (bytes === undefined) break;
      await this.trusted.updateRoot(bytes);
      await this.options.store.put("root", bytes);
    }
    this.trusted.requireFreshRoot();
  }

  async #updateTimestamp(): Promise<void> {
    await this.#takeUp("timestamp", (bytes) => this.trusted.updateTimestamp(bytes, { isKept: true }));
    const maxBytes = MAX_METADATA_BYTES.timestamp;
    const wanted = { role: "timestamp", version: null, expected: null, maxBytes };
    const bytes = await this.#required(wanted);
    if (await this.trusted.updateTimestamp(bytes)) await this.options.store.put("timestamp", bytes);
  }

  async #updateSnapshot(): Promise<void> {
    await this.#takeUp("snapshot", (bytes) => this.trusted.updateSnapshot(bytes, { isKept: true }));
    if (this.trusted.hasCurrentSnapshot) return;
    const bytes = await this.#fetch("snapshot", this.trusted.expectedSnapshot, MAX_METADATA_BYTES.snapshot);
    await this.trusted.updateSnapshot(bytes);
    await this.options.store.put("snapshot", bytes);
  }

  /** The role's targets: as kept when they are still what the snapshot says, or else fetched. */
  async #targetsOf(role: string, parent: string): Promise<Targets> {
    const loaded = this.trusted.targets(role);
    if (loaded !== undefined) return loaded;
    await this.#takeUp(role, (bytes) => this.trusted.updateTargets(role, parent, bytes));
    const kept = this.trusted.targets(role);
    if (kept !== undefined) return kept;
    const bytes = await this.#fetch(role, this.trusted.expectedTargets(role), MAX_METADATA_BYTES.targets);
    const targets = await this.trusted.updateTargets(role, parent, bytes);
    await this.options.store.put(role, bytes);
    return targets;
  }

  /**
   * What was kept and is not believed any more is like nothing. So a new root that takes the trust from a stolen key also
   * forgets the versions which that key raised: they were kept with its signature (specification, section 5.3.11).
   */
  async #takeUp(role: string, load: (bytes: Uint8Array) => Promise<unknown>): Promise<void> {
    const kept = await this.options.store.get(role);
    if (kept === undefined) return;
    try {
      await load(kept);
    } catch (error) {
      if (!hasErrorCode(error) || !error.code.startsWith("METADATA_")) throw error;
    }
  }

  #fetch(role: string, expected: MetaFile, limitBytes: number): Promise<Uint8Array> {
    const version = this.trusted.root.consistent_snapshot ? expected.version : null;
    const maxBytes = Math.min(expected.length ?? limitBytes, limitBytes);
    return this.#required({ role, version, expected, maxBytes });
  }

  async #required(wanted: WantedMetadata): Promise<Uint8Array> {
    const bytes = await this.options.source.fetch(wanted);
    if (bytes !== undefined) return bytes;
    throw new FedgeError("METADATA_UNAVAILABLE", `the repository has no ${wanted.role} metadata`);
  }

  /** Whom a role trusts with this path, up to the first that ends the search. */
  async #delegates(
    { delegations }: Targets,
    path: string,
  ): Promise<{ children: DelegatedRole[]; isTerminated: boolean }> {
    const children: DelegatedRole[] = [];
    if (delegations === undefined) return { children, isTerminated: false };
    const pathHash = await this.options.digest.sha256(new TextEncoder().encode(path));
    for (const role of delegations.roles) {
      if (!isTrustedWith(role, path, pathHash)) continue;
      children.push(role);
      if (role.terminating) return { children, isTerminated: true };
    }
    return { children, isTerminated: false };
  }
}

function isTrustedWith(
  { paths, path_hash_prefixes: prefixes }: DelegatedRole,
  path: string,
  hash: string,
): boolean {
  if (paths !== undefined) return paths.some((pattern) => matchesPath(pattern, path));
  return prefixes?.some((prefix) => hash.startsWith(prefix)) === true;
}
