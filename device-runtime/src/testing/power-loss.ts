import type { BlobStore, ByteStore, StoreChange } from "../core/ports/storage.js";

/** What a power cut does. */
export interface PowerCut {
  /** During this write, counted from 1 over both stores. */
  readonly atWrite: number;
  /** Whether that write is still done. */
  readonly isLastDone: boolean;
  /** Whether small values that were not asked to be durable are lost, as a log loses its end. */
  readonly losesValues: boolean;
  /** Whether blobs that were deleted are there again: their order with the values is anybody's guess. */
  readonly losesDeletions: boolean;
}

interface Undoable {
  readonly undo: () => Promise<void>;
}

const NEVER = new Promise<never>(() => undefined);

/**
 * Stores that promise what the ports say and nothing more: when the power fails, what was not asked to be durable is lost
 * or kept, each store for itself. The given objects are changed in place.
 */
export class LosingStores {
  #numWrites = 0;
  #cut: PowerCut | null = null;
  #isDark = false;
  /** Newest last. */
  #values: Undoable[] = [];
  #deletions: Undoable[] = [];
  readonly #inner: { readonly store: ByteStore; readonly blobs: BlobStore };

  constructor(
    { store, blobs }: { readonly store: ByteStore; readonly blobs: BlobStore },
    private readonly onCut: () => void,
  ) {
    this.#inner = { store: { ...store }, blobs: { ...blobs } };
    Object.assign(store, this.#losingStore());
    Object.assign(blobs, this.#losingBlobs());
  }

  /** Begins to count. */
  cutAt(cut: PowerCut): void {
    this.#numWrites = 0;
    this.#cut = cut;
  }

  /** Since `cutAt`. */
  get numWrites(): number {
    return this.#numWrites;
  }

  /** Whether the power has failed. */
  get wasCut(): boolean {
    return this.#isDark;
  }

  /** The power is back; what was lost is gone. */
  async restore(): Promise<void> {
    const lost = [
      ...(this.#cut?.losesValues === true ? this.#values : []).reverse(),
      ...(this.#cut?.losesDeletions === true ? this.#deletions : []).reverse(),
    ];
    for (const { undo } of lost) await undo();
    this.#values = [];
    this.#deletions = [];
    this.#cut = null;
    this.#isDark = false;
  }

  async #write(work: () => Promise<void>): Promise<void> {
    if (this.#isDark) return NEVER;
    this.#numWrites += 1;
    if (this.#cut?.atWrite !== this.#numWrites) return work();
    this.#isDark = true;
    this.onCut();
    if (this.#cut.isLastDone) await work();
    return NEVER;
  }

  #losingStore(): ByteStore {
    const { store } = this.#inner;
    const write = (changes: readonly StoreChange[], isDurable: boolean): Promise<void> =>
      this.#write(async () => {
        const before = await Promise.all(
          changes.map(async ([key]): Promise<StoreChange> => [key, (await store.get(key)) ?? null]),
        );
        await store.write(changes);
        // A log that is written to the disk takes with it what stands before.
        if (isDurable) this.#values = [];
        else this.#values.push({ undo: () => store.write(before) });
      });
    return {
      get: (key) => store.get(key),
      keys: (prefix) => store.keys(prefix),
      put: (key, value) => write([[key, value]], true),
      // The port promises nothing of it.
      delete: (key) => write([[key, null]], false),
      write: (changes, { isDurable } = { isDurable: true }) => write(changes, isDurable),
    };
  }

  #losingBlobs(): BlobStore {
    const { blobs } = this.#inner;
    return {
      get: (sha256) => blobs.get(sha256),
      has: (sha256) => blobs.has(sha256),
      list: () => blobs.list(),
      put: (sha256, bytes) => this.#write(() => blobs.put(sha256, bytes)),
      delete: (sha256) =>
        this.#write(async () => {
          const bytes = await blobs.get(sha256);
          await blobs.delete(sha256);
          if (bytes !== undefined) this.#deletions.push({ undo: () => blobs.put(sha256, bytes) });
        }),
    };
  }
}
