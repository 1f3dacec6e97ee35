import type { MetadataSource, MetadataStore, WantedMetadata } from "../client.js";
import type { TufKey } from "../metadata.js";
import { signMetadata, type MetadataSigner } from "../sign.js";
import { toExpiry } from "../metadata.js";
import type { Sha256Digest } from "../trusted-metadata.js";

type MutableRole = { keyids: string[]; threshold: number; [extra: string]: unknown };
type MutableMeta = { version: number; length?: number; hashes?: Record<string, string> };
export type MutableDelegation = MutableRole & {
  name: string;
  terminating: boolean;
  paths?: string[];
  path_hash_prefixes?: string[];
};
/** Any signed part; a test changes what it likes, also to what no repository should say. */
export interface MutableSigned {
  _type: string;
  spec_version: string;
  version: number;
  expires: string;
  [field: string]: unknown;
}
export interface MutableRoot extends MutableSigned {
  keys: Record<string, TufKey>;
  roles: Record<"root" | "timestamp" | "snapshot" | "targets", MutableRole>;
}
export interface MutableTargets extends MutableSigned {
  targets: Record<string, { length: number; hashes: Record<string, string>; custom?: unknown }>;
  delegations?: { keys: Record<string, TufKey>; roles: MutableDelegation[] };
}

export interface SimulatedRepositoryOptions {
  readonly newSigner: () => Promise<MetadataSigner>;
  readonly digest: Sha256Digest;
  readonly expiresAtMs: number;
}

/**
 * A repository in memory whose owner can be as wrong as a test needs. Changes of the signed parts are seen by nobody
 * before `publish`; what was published once stays under its version.
 */
export class SimulatedRepository implements MetadataSource {
  readonly signers = new Map<string, MetadataSigner[]>();
  readonly published = new Map<string, Uint8Array[]>();
  /** What clients asked for, such as `2.root` or `timestamp`. */
  readonly asked: string[] = [];
  readonly artifacts = new Map<string, Uint8Array>();
  readonly root: MutableRoot;
  readonly timestamp: MutableSigned & { meta: Record<string, MutableMeta> };
  readonly snapshot: MutableSigned & { meta: Record<string, MutableMeta> };
  readonly #targets = new Map<string, MutableTargets>();
  /** Whether what is published next is announced with its length and hash. */
  hasHashes = false;

  private constructor(private readonly options: SimulatedRepositoryOptions) {
    const noKeys = (): MutableRole => ({ keyids: [], threshold: 1 });
    this.root = {
      ...this.#signed("root"),
      consistent_snapshot: true,
      keys: {},
      roles: { root: noKeys(), timestamp: noKeys(), snapshot: noKeys(), targets: noKeys() },
    };
    this.timestamp = { ...this.#signed("timestamp"), meta: {} };
    this.snapshot = { ...this.#signed("snapshot"), meta: {} };
    this.#targets.set("targets", { ...this.#signed("targets"), targets: {} });
  }

  /** A repository with one key for each role and version 1 of everything. */
  static async open(options: SimulatedRepositoryOptions): Promise<SimulatedRepository> {
    const repository = new SimulatedRepository(options);
    for (const role of ["root", "timestamp", "snapshot", "targets"]) await repository.addKey(role);
    await repository.publish("targets", "snapshot", "timestamp", "root");
    return repository;
  }

  targets(role = "targets"): MutableTargets {
    const found = this.#targets.get(role);
    if (found === undefined) throw new Error(`no role ${role}`);
    return found;
  }

  /** The latest published bytes of a role, or those of a version. */
  bytes(role: string, version?: number): Uint8Array {
    const all = this.published.get(role) ?? [];
    const found = all[(version ?? all.length) - 1];
    if (found === undefined) throw new Error(`${role} has not been published`);
    return found;
  }

  /** A new key that the role trusts and signs with. */
  async addKey(role: string): Promise<MetadataSigner> {
    const signer = await this.options.newSigner();
    this.trust(role, signer);
    this.signers.set(role, [...(this.signers.get(role) ?? []), signer]);
    return signer;
  }

  /** The role trusts the key, whoever signs. */
  trust(role: string, { keyId, key }: MetadataSigner): void {
    if (isTopLevel(role)) {
      this.root.keys[keyId] = key;
      this.root.roles[role].keyids.push(keyId);
      return;
    }
    for (const { delegations } of this.#targets.values()) {
      const delegation = delegations?.roles.find(({ name }) => name === role);
      if (delegations === undefined || delegation === undefined || delegation.keyids.includes(keyId))
        continue;
      delegations.keys[keyId] = key;
      delegation.keyids.push(keyId);
    }
  }

  /** Every key of the role is replaced by a new one. */
  async rotate(role: "root" | "timestamp" | "snapshot" | "targets"): Promise<void> {
    this.root.roles[role].keyids = [];
    this.signers.set(role, []);
    for (let count = 0; count < this.root.roles[role].threshold; count += 1) await this.addKey(role);
  }

  async delegate(
    delegator: string,
    delegation: Partial<MutableDelegation> & { name: string },
  ): Promise<void> {
    const targets = this.targets(delegator);
    const whole = { keyids: [], threshold: 1, terminating: false, ...delegation };
    if (whole.path_hash_prefixes === undefined) whole.paths ??= ["*"];
    targets.delegations ??= { keys: {}, roles: [] };
    targets.delegations.roles.push(whole);
    if (!this.#targets.has(whole.name)) {
      this.#targets.set(whole.name, { ...this.#signed("targets"), targets: {} });
    }
    const known = this.signers.get(whole.name)?.[0];
    if (known === undefined) await this.addKey(whole.name);
    else this.trust(whole.name, known);
  }

  async addArtifact(
    path: string,
    content: string,
    { role = "targets", custom }: { role?: string; custom?: unknown } = {},
  ): Promise<void> {
    const bytes = new TextEncoder().encode(content);
    const hashes = { sha256: await this.options.digest.sha256(bytes) };
    const file = { length: bytes.length, hashes };
    this.targets(role).targets[path] = custom === undefined ? file : { ...file, custom };
    this.artifacts.set(path, bytes);
  }

  /** Signs the roles in this order, each as its next version; the parent says what it will. */
  async publish(...roles: string[]): Promise<void> {
    for (const role of roles) {
      if (this.published.has(role)) this.#signedOf(role).version += 1;
      await this.republish(role);
    }
  }

  /** Signs the role with the version that it has, whatever that is. */
  async republish(role: string): Promise<void> {
    const bytes = await signMetadata(this.#signedOf(role), this.signers.get(role) ?? []);
    this.published.set(role, [...(this.published.get(role) ?? []), bytes]);
    await this.announce(role);
  }

  /** The parent names the role as it was published last. */
  async announce(role: string): Promise<void> {
    const bytes = this.bytes(role);
    const meta: MutableMeta = { version: this.#signedOf(role).version };
    if (this.hasHashes) {
      meta.length = bytes.length;
      meta.hashes = { sha256: await this.options.digest.sha256(bytes) };
    }
    if (role === "snapshot") this.timestamp.meta["snapshot.json"] = meta;
    else if (role !== "root" && role !== "timestamp") this.snapshot.meta[`${role}.json`] = meta;
  }

  async fetch({ role, version, maxBytes }: WantedMetadata): Promise<Uint8Array | undefined> {
    this.asked.push(version === null ? role : `${version}.${role}`);
    const all = this.published.get(role) ?? [];
    if (version === null) return all.at(-1)?.slice(0, maxBytes + 1);
    return [...all].reverse().find((bytes) => versionOf(bytes) === version);
  }

  #signed(type: string): MutableSigned {
    return { _type: type, spec_version: "1.0.31", version: 1, expires: toExpiry(this.options.expiresAtMs) };
  }

  #signedOf(role: string): MutableSigned {
    if (role === "root") return this.root;
    if (role === "timestamp") return this.timestamp;
    return role === "snapshot" ? this.snapshot : this.targets(role);
  }
}

function isTopLevel(role: string): role is "root" | "timestamp" | "snapshot" | "targets" {
  return ["root", "timestamp", "snapshot", "targets"].includes(role);
}

function versionOf(bytes: Uint8Array): unknown {
  const file = JSON.parse(new TextDecoder().decode(bytes)) as { signed: { version: unknown } };
  return file.signed.version;
}

/** What a client keeps, in memory. */
export class MemoryMetadata implements MetadataStore {
  readonly kept = new Map<string, Uint8Array>();

  async get(role: string): Promise<Uint8Array | undefined> {
    return this.kept.get(role);
  }

  async put(role: string, bytes: Uint8Array): Promise<void> {
    this.kept.set(role, bytes);
  }

  /** Versions of what is kept, by role. */
  get versions(): Record<string, unknown> {
    return Object.fromEntries([...this.kept].map(([role, bytes]) => [role, versionOf(bytes)]));
  }
}
