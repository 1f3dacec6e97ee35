import type { Sha256 } from "@fedge/protocol";
import type { BlobStore } from "../../blobs/port.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { ControlStore, EvaluationRecord } from "../../store/port.js";
import { blobsOfVersion } from "./version-blobs.js";

export interface ReferencePorts {
  readonly store: Pick<ControlStore, "listModels" | "listVersions" | "listEvaluations">;
  readonly blobs: BlobStore;
}

/** How many kept versions need each blob: graphs are shared from version to version. */
export class BlobReferences {
  readonly #numVersions = new Map<Sha256, number>();
  readonly #evaluations = new Map<string, readonly EvaluationRecord[]>();
  readonly #unfinished: VersionRecord[] = [];

  private constructor(private readonly blobs: BlobStore) {}

  /** Counts those of all models. */
  static async count({ store, blobs }: ReferencePorts): Promise<BlobReferences> {
    const references = new BlobReferences(blobs);
    for (const model of await store.listModels()) {
      references.#evaluations.set(model, await store.listEvaluations(model));
      for (const record of await store.listVersions(model)) await references.#add(record);
    }
    return references;
  }

  /** Deletes the blobs that only this version needed; gives their number. */
  async remove(record: VersionRecord): Promise<number> {
    const own = await this.#blobsOf(record);
    for (const sha256 of own) this.#numVersions.set(sha256, (this.#numVersions.get(sha256) ?? 1) - 1);
    return this.#deleteUnneeded(own, record);
  }

  /** Deletes what a run that was killed had marked and not yet deleted. */
  async finishDeletions(): Promise<number> {
    let numDeleted = 0;
    for (const record of this.#unfinished)
      numDeleted += await this.#deleteUnneeded(await this.#blobsOf(record), record);
    return numDeleted;
  }

  async #add(record: VersionRecord): Promise<void> {
    if (record.deletedAtMs !== null) {
      if (await this.blobs.has(record.manifest.sha256)) this.#unfinished.push(record);
      return;
    }
    for (const sha256 of await this.#blobsOf(record))
      this.#numVersions.set(sha256, (this.#numVersions.get(sha256) ?? 0) + 1);
  }

  /** The manifest goes last: while it is there, what else belongs to the version can be found again. */
  async #deleteUnneeded(own: readonly Sha256[], { manifest }: VersionRecord): Promise<number> {
    const unneeded = own.filter((sha256) => (this.#numVersions.get(sha256) ?? 0) === 0);
    const others = unneeded.filter((sha256) => sha256 !== manifest.sha256);
    for (const sha256 of [...others, ...unneeded.filter((sha256) => sha256 === manifest.sha256)])
      await this.blobs.delete(sha256);
    return unneeded.length;
  }

  #blobsOf(record: VersionRecord): Promise<Sha256[]> {
    return blobsOfVersion(this.blobs, record, this.#evaluations.get(record.model) ?? []);
  }
}
