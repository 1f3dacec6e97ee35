import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import type { Sha256 } from "../../ids.js";
import { TufClient, type FoundTarget } from "../client.js";
import type { TufKey } from "../metadata.js";
import { keyIdOf, type MetadataSigner } from "../sign.js";
import type { SignatureVerifier } from "../signatures.js";
import { MemoryMetadata, SimulatedRepository } from "./simulated-repository.js";

export const DAY_MS = 86_400_000;
/** When the tests begin. */
export const START_MS = Date.parse("2030-01-01T00:00:00Z");

export const digest = {
  sha256: async (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex") as Sha256,
};

const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** Ed25519 by the platform. */
export const verifier: SignatureVerifier = {
  verify: async ({ keytype, keyval }, signature, message) => {
    if (keytype !== "ed25519" || !/^[0-9a-f]{64}$/.test(keyval.public)) return false;
    const der = Buffer.concat([SPKI_PREFIX, Buffer.from(keyval.public, "hex")]);
    return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  },
};

export async function newSigner(): Promise<MetadataSigner> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return signerOf(publicKey, privateKey);
}

async function signerOf(publicKey: KeyObject, privateKey: KeyObject): Promise<MetadataSigner> {
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length);
  const key: TufKey = { keytype: "ed25519", scheme: "ed25519", keyval: { public: raw.toString("hex") } };
  return {
    keyId: await keyIdOf(key, digest),
    key,
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** A repository whose files expire after thirty days, and a client that begins with its first root. */
export class ClientRig {
  readonly store = new MemoryMetadata();

  private constructor(readonly repository: SimulatedRepository) {}

  static async open(): Promise<ClientRig> {
    const expiresAtMs = START_MS + 30 * DAY_MS;
    const rig = new ClientRig(await SimulatedRepository.open({ newSigner, digest, expiresAtMs }));
    await rig.trustRoot();
    return rig;
  }

  /** The client begins with this root, or with the first that was published. */
  async trustRoot(root = this.repository.bytes("root", 1)): Promise<void> {
    await this.store.put("root", root);
  }

  refresh({ afterDays = 0 } = {}): Promise<TufClient> {
    const options = { source: this.repository, store: this.store, digest, verifier };
    return TufClient.refresh(options, START_MS + afterDays * DAY_MS);
  }

  async find(path: string, time = {}): Promise<FoundTarget | undefined> {
    return (await this.refresh(time)).find(path);
  }

  /** What the client believes now, by role. */
  get versions(): Record<string, unknown> {
    return this.store.versions;
  }
}
