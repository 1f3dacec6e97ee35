import { createBlockAssembly, type BlobRef, type BlockAssembly } from "@fedge/protocol";

/** Blocks asked for at once: enough to keep the line busy, few enough to pace a slow one. */
const WINDOW = 8;

/** A blob on its way: which blocks are here, which were asked for, and who waits for the whole. */
export class Transfer {
  readonly promise: Promise<Uint8Array>;
  resolve: (bytes: Uint8Array) => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;
  /** Times that no block came in time, since the last one that did. */
  numStalls = 0;
  /** Callers who want the blob. */
  numWaiting = 0;
  cancelStall: () => void = () => undefined;
  readonly #assembly: BlockAssembly;
  readonly #asked = new Set<number>();

  /** Throws BLOCK_INVALID for a size that is not allowed. */
  constructor(readonly ref: BlobRef) {
    this.#assembly = createBlockAssembly(ref.sizeBytes);
    this.promise = new Promise<Uint8Array>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get isComplete(): boolean {
    return this.#assembly.isComplete();
  }

  isAsked(block: number): boolean {
    return this.#asked.has(block);
  }

  /** Missing blocks to ask for now, in ascending order; they count as asked for from here on. */
  nextBlocks(): number[] {
    const next: number[] = [];
    for (const [first, last] of this.#assembly.missing()) {
      for (let block = first; block <= last && this.#asked.size < WINDOW; block += 1) {
        if (this.#asked.has(block)) continue;
        this.#asked.add(block);
        next.push(block);
      }
    }
    return next;
  }

  /** Throws BLOCK_INVALID for bytes of another length. */
  add(block: number, payload: Uint8Array): void {
    this.#assembly.add(block, payload);
    this.#asked.delete(block);
    this.numStalls = 0;
  }

  /** Takes back what was asked for; gives those blocks. */
  forgetAsked(): number[] {
    const blocks = [...this.#asked];
    this.#asked.clear();
    return blocks;
  }

  /** The blob, its hash not yet compared. Throws BLOB_INCOMPLETE. */
  bytes(): Uint8Array {
    return this.#assembly.bytes();
  }
}
