import {
  FedgeError,
  desiredBytes,
  keyIdOf,
  metaTopic,
  targetPath,
  toHex,
  type BlobRef,
  type Desired,
  type DesiredModel,
  type DeviceId,
  type MetadataSigner,
  type ModelName,
  type Sha256,
  type TenantId,
} from "@fedge/protocol";
import { SimulatedRepository } from "@fedge/protocol/testing";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { StopSignal } from "../../core/ports/engine.js";
import type { TrustedRelease } from "../../core/trust/release-trust.js";
import { TufTrust } from "../../core/trust/tuf-trust.js";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { nodeDigest } from "../digest.js";
import { nodeVerifier } from "../signature-verifier.js";

export const DAY_MS = 86_400_000;
export const tenantId = "acme" as TenantId;
export const deviceId = "ana" as DeviceId;
export const model = "digits" as ModelName;

async function newSigner(): Promise<MetadataSigner> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(12);
  const key = { keytype: "ed25519", scheme: "ed25519", keyval: { public: raw.toString("hex") } };
  return {
    keyId: await keyIdOf(key, nodeDigest),
    key,
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

const sha256Of = (bytes: Uint8Array): Sha256 => createHash("sha256").update(bytes).digest("hex") as Sha256;

function custom(releaseCounter: number, more: object = {}): object {
  const files = [{ sha256: "c".repeat(64), sizeBytes: 10 }];
  return { releaseCounter, minRuntimeVersion: "0.1.0", engines: ["onnx"], tenantId, files, ...more };
}

type Entry = Pick<DesiredModel, "model" | "version" | "manifest">;

/** A server that signs releases, and a device's trust in it. */
export class TrustRig {
  readonly clock = new ManualClock();
  readonly store = createMemoryByteStore();
  readonly blobs = new Map<string, Uint8Array>();
  readonly errors: unknown[] = [];
  /** What a broker does with a blob; a test replaces it. */
  fetch = async ({ sha256 }: BlobRef, _signal: StopSignal): Promise<Uint8Array> => {
    const bytes = this.blobs.get(sha256);
    if (bytes === undefined) throw new FedgeError("DEADLINE_EXCEEDED", "no block came");
    return bytes;
  };
  numFresh = 0;
  /** How often the device was told that somebody else signs. */
  numAuthorities = 0;
  /** What the server named at enrolment; a test sets it. */
  enrolledRoot: BlobRef | undefined;
  trust = this.newTrust();
  repository!: SimulatedRepository;

  static async open(): Promise<TrustRig> {
    const rig = new TrustRig();
    const expiresAtMs = rig.clock.nowMs() + DAY_MS;
    rig.repository = await SimulatedRepository.open({ newSigner, digest: nodeDigest, expiresAtMs });
    rig.repository.hasHashes = true;
    await rig.repository.publish("targets", "snapshot", "timestamp");
    return rig;
  }

  /** As after a restart of the device. */
  newTrust(trustedRoot: Uint8Array | null = null, population: string | null = null): TufTrust {
    this.trust = new TufTrust({
      ports: {
        clock: this.clock,
        store: this.store,
        digest: nodeDigest,
        newStop: () => new AbortController(),
        serving: { form: "onnx" },
      },
      verifier: nodeVerifier,
      fetcher: { fetch: (ref, signal) => this.fetch(ref, signal) },
      credentials: () => ({
        ...{ deviceId, tenantId },
        ...(this.enrolledRoot === undefined ? {} : { root: this.enrolledRoot }),
      }),
      ...{ trustedRoot, population },
      onOtherAuthority: async () => void (this.numAuthorities += 1),
      runtimeVersion: "0.1.0",
      onFresh: () => (this.numFresh += 1),
      onError: (error) => this.errors.push(error),
    });
    return this.trust;
  }

  /** The version becomes a signed target, and the device hears of it. */
  async release(version: number, releaseCounter: number, more: object = {}): Promise<Entry> {
    const entry = this.entry(version);
    await this.repository.addArtifact(targetPath(model, version), this.manifestText(version), {
      custom: custom(releaseCounter, more),
    });
    await this.repository.publish("targets", "snapshot", "timestamp");
    this.announce();
    return entry;
  }

  manifestText(version: number): string {
    return `manifest of version ${version}`;
  }

  entry(version: number): Entry {
    const bytes = new TextEncoder().encode(this.manifestText(version));
    return { model, version, manifest: { sha256: sha256Of(bytes), sizeBytes: bytes.length } };
  }

  /** What the broker retains reaches the device. */
  announce(timestamp = this.repository.bytes("timestamp")): void {
    const roots = (this.repository.published.get("root") ?? []).map((bytes, at) => ({
      version: at + 1,
      ...this.put(bytes),
    }));
    this.put(this.repository.bytes("snapshot"));
    this.put(this.repository.bytes("targets"));
    this.hear("root", new TextEncoder().encode(JSON.stringify({ roots })));
    this.hear("timestamp", timestamp);
  }

  hear(role: "root" | "timestamp", payload: Uint8Array): void {
    const topics = new Map(this.trust.topics({ tenantId, deviceId, token: "", brokerUrl: "" }));
    topics.get(metaTopic(tenantId, role))?.(payload);
  }

  put(bytes: Uint8Array): BlobRef {
    const ref = { sha256: sha256Of(bytes), sizeBytes: bytes.length };
    this.blobs.set(ref.sha256, bytes);
    return ref;
  }

  async desired(releaseCounter: number, more: Partial<Desired> = {}): Promise<Desired> {
    const entry = this.entry(1);
    const document: Desired = { type: "desired", releaseCounter, deviceId, models: [entry], ...more };
    const [signer] = this.repository.signers.get("timestamp") ?? [];
    if (signer === undefined) throw new Error("no key");
    const value = toHex(await signer.sign(desiredBytes(document)));
    return { ...document, signature: { keyId: signer.keyId, value } };
  }

  accept(entry: Entry): Promise<TrustedRelease> {
    return this.trust.accept(entry, this.clock.nowMs());
  }

  /** What waits for something newer gives up. */
  async givesUp<T>(work: Promise<T>): Promise<T> {
    const outcome = work.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    await settle();
    this.clock.advance(60_000);
    return (await outcome)();
  }
}

export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
