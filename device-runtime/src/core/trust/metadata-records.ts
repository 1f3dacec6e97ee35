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
