import {
  BLOCK_BYTES,
  blobTopic,
  blockCount,
  type BlobRef,
  type Sha256,
  type TenantId,
} from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { ServerTransport } from "../broker/port.js";
import type { Clock } from "../clock/clock.js";
import type { BlobPublisher } from "../tasks/ports.js";

export interface BlobPublisherOptions {
  readonly tenantId: TenantId;
  readonly transport: ServerTransport;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** How long a blob stays after its last owner let go: a slow device may be in the middle of it. */
  readonly lingerMs: number;
  readonly onError: (error: unknown) => void;
}

interface Published {
  readonly ref: BlobRef;
  readonly owners: Set<string>;
  ready: Promise<void>;
  cancelWithdrawal: () => void;
}

/** Keeps blobs at the broker as retained blocks, published once for all devices, while an owner holds them. */
export class RetainedBlobs implements BlobPublisher {
  readonly #published = new Map<Sha256, Published>();
  readonly #held = new Map<string, readonly BlobRef[]>();

  constructor(private readonly options: BlobPublisherOptions) {}

  async hold(owner: string, blobs: readonly BlobRef[]): Promise<void> {
    const before = this.#held.get(owner) ?? [];
    this.#held.set(owner, blobs);
    const ready = blobs.map((ref) => this.#own(owner, ref));
    const kept = new Set(blobs.map((ref) => ref.sha256));
    for (const ref of before) if (!kept.has(ref.sha256)) this.#disown(owner, ref);
    await Promise.all(ready);
  }

  release(owner: string): void {
    for (const ref of this.#held.get(owner) ?? []) this.#disown(owner, ref);
    this.#held.delete(owner);
  }

  /** Who holds a blob. */
  ownersOf(sha256: string): readonly string[] {
    return [...(this.#published.get(sha256 as Sha256)?.owners ?? [])];
  }

  /** Says everything again: a broker that restarted has lost what it retained. */
  async republish(): Promise<void> {
    for (const entry of this.#published.values()) entry.ready = this.#publish(entry.ref);
    await Promise.all([...this.#published.values()].map((entry) => entry.ready));
  }

  close(): void {
    for (const entry of this.#published.values()) entry.cancelWithdrawal();
  }

  #own(owner: string, ref: BlobRef): Promise<void> {
    const existing = this.#published.get(ref.sha256);
    if (existing !== undefined) {
      existing.cancelWithdrawal();
      existing.owners.add(owner);
      return existing.ready;
    }
    const entry: Published = {
      ref,
      owners: new Set([owner]),
      ready: this.#publish(ref),
      cancelWithdrawal: () => undefined,
    };
    this.#published.set(ref.sha256, entry);
    return entry.ready;
  }

  #disown(owner: string, ref: BlobRef): void {
    const entry = this.#published.get(ref.sha256);
    if (entry === undefined) return;
    entry.owners.delete(owner);
    if (entry.owners.size > 0) return;
    entry.cancelWithdrawal = this.options.clock.after(this.options.lingerMs, () => {
      this.#published.delete(ref.sha256);
      void this.#withdraw(ref).catch(this.options.onError);
    });
  }

  async #publish(ref: BlobRef): Promise<void> {
    const bytes = await this.options.blobs.get(ref.sha256);
    await this.#eachBlock(ref, (block) => bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
  }

  async #withdraw(ref: BlobRef): Promise<void> {
    const empty = new Uint8Array(0);
    await this.#eachBlock(ref, () => empty);
  }

  async #eachBlock(ref: BlobRef, payload: (block: number) => Uint8Array): Promise<void> {
    const { tenantId, transport } = this.options;
    for (let block = 0; block < blockCount(ref.sizeBytes); block += 1) {
      await transport.publish(blobTopic(tenantId, ref.sha256, block), payload(block), {
        retain: true,
        qos: 1,
      });
    }
  }
}
