import { nonNegativeInt, type MetadataStore, type ModelName } from "@fedge/protocol";
import * as z from "zod/mini";
import type { ByteStore } from "../ports/storage.js";

/** The trusted metadata files, in the device's store. */
export function metadataStoreIn(store: ByteStore): MetadataStore {
  return {
    get: (role) => store.get(`trust/metadata/${role}`),
    put: (role, bytes) => store.put(`trust/metadata/${role}`, bytes),
  };
}

/** The root that is trusted, and where it came from, in the device's store. */
export class TrustRecord {
  constructor(private readonly store: ByteStore) {}

  root(): Promise<Uint8Array | undefined> {
    return this.store.get("trust/metadata/root");
  }

  keepRoot(root: Uint8Array): Promise<void> {
    return this.store.put("trust/metadata/root", root);
  }

  /** SHA-256 of the app's root that was taken last; undefined when there was none. */
  async appRoot(): Promise<string | undefined> {
    const bytes = await this.store.get("trust/app-root");
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /**
   * Notes the app's root and, where `root` is given, trusts it in place of the kept one. With another authority go the
   * metadata and the counters of the one before; all of it in one write.
   */
  async takeAppRoot(taken: {
    readonly root: Uint8Array | null;
    readonly sha256: string;
    readonly relation: "older" | "newer" | "other";
  }): Promise<void> {
    const { root, sha256, relation } = taken;
    const gone = relation === "other" ? await this.#ofAuthority() : [];
    await this.store.write([
      ...gone.map((key) => [key, null] as const),
      ...(root === null ? [] : [["trust/metadata/root", root] as const]),
      ["trust/app-root", new TextEncoder().encode(sha256)],
    ]);
  }

  async #ofAuthority(): Promise<string[]> {
    const [metadata, released] = [
      await this.store.keys("trust/metadata/"),
      await this.store.keys("trust/released/"),
    ];
    return [...metadata.filter((key) => key !== "trust/metadata/root"), ...released, "trust/desired"];
  }
}

/** Release counters below which nothing is accepted, in the device's store. */
export class ReleaseCounters {
  constructor(private readonly store: ByteStore) {}

  /** Of the last desired document; zero before the first. */
  desired(): Promise<number> {
    return this.#get("trust/desired");
  }

  /** Of the last committed release of the model; zero before the first. */
  committed(model: ModelName): Promise<number> {
    return this.#get(`trust/released/${model}`);
  }

  raiseDesired(releaseCounter: number): Promise<void> {
    return this.#raise("trust/desired", releaseCounter);
  }

  raiseCommitted(model: ModelName, releaseCounter: number): Promise<void> {
    return this.#raise(`trust/released/${model}`, releaseCounter);
  }

  async #get(key: string): Promise<number> {
    const bytes = await this.store.get(key);
    if (bytes === undefined) return 0;
    return z.safeParse(nonNegativeInt, Number(new TextDecoder().decode(bytes))).data ?? 0;
  }

  async #raise(key: string, releaseCounter: number): Promise<void> {
    if (releaseCounter <= (await this.#get(key))) return;
    await this.store.put(key, new TextEncoder().encode(String(releaseCounter)));
  }
}
