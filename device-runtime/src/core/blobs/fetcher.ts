import {
  FedgeError,
  blobTopic,
  createBlockAssembly,
  type BlobRef,
  type BlockAssembly,
  type Sha256,
} from "@fedge/protocol";
import type { Connection } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";

/** Blocks asked for at once: enough to keep the line busy, few enough to pace a slow one. */
const WINDOW = 8;
const STALL_MS = 20_000;
const MAX_STALLS = 15;

interface Transfer {
  readonly ref: BlobRef;
  readonly assembly: BlockAssembly;
  readonly asked: Set<number>;
  readonly promise: Promise<Uint8Array>;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  numStalls: number;
  cancelStall: () => void;
}

/** Fetches blobs from their retained blocks. What has arrived stays when the connection is lost. */
export class BlobFetcher {
  readonly #transfers = new Map<Sha256, Transfer>();

  constructor(
    private readonly connection: Connection,
    private readonly ports: Pick<DevicePorts, "clock" | "digest" | "blobs">,
  ) {
    connection.onOnline(() => this.#resume());
  }

  /**
   * The blob's bytes, verified, from the store or else from the broker, and kept in the store.
   *
   * Throws DEADLINE_EXCEEDED when no block comes for five minutes, BLOB_HASH_MISMATCH for other bytes, CLOSED.
   */
  async fetch(ref: BlobRef): Promise<Uint8Array> {
    const kept = await this.ports.blobs.get(ref.sha256);
    if (kept !== undefined) return kept;
    return (this.#transfers.get(ref.sha256) ?? this.#start(ref)).promise;
  }

  close(): void {
    for (const transfer of [...this.#transfers.values()])
      this.#fail(transfer, new FedgeError("CLOSED", "the device is closed"));
  }

  #start(ref: BlobRef): Transfer {
    let resolve: (bytes: Uint8Array) => void = () => undefined;
    let reject: (error: unknown) => void = () => undefined;
    const promise = new Promise<Uint8Array>((yes, no) => ([resolve, reject] = [yes, no]));
    const assembly = createBlockAssembly(ref.sizeBytes);
    const cancelStall = (): void => undefined;
    const transfer: Transfer = {
      ref,
      assembly,
      asked: new Set(),
      promise,
      resolve,
      reject,
      numStalls: 0,
      cancelStall,
    };
    this.#transfers.set(ref.sha256, transfer);
    this.#ask(transfer);
    return transfer;
  }

  #ask(transfer: Transfer): void {
    this.#watch(transfer);
    const { tenantId } = this.connection.credentials ?? {};
    if (tenantId === undefined) return;
    const { ref, assembly, asked } = transfer;
    const next: number[] = [];
    for (const [first, last] of assembly.missing()) {
      for (let block = first; block <= last && asked.size < WINDOW; block += 1) {
        if (asked.has(block)) continue;
        asked.add(block);
        next.push(block);
      }
    }
    const entries = next.map((block) => {
      const topic = blobTopic(tenantId, ref.sha256, block);
      return [
        topic,
        (payload: Uint8Array): void => this.#receive(transfer, { block, topic, payload }),
      ] as const;
    });
    if (entries.length > 0) this.connection.listen(entries).catch(() => this.#forgetAsked(transfer));
  }

  #receive(
    transfer: Transfer,
    { block, topic, payload }: { block: number; topic: string; payload: Uint8Array },
  ): void {
    // An empty payload withdraws a blob that nobody should need; another version will be announced.
    if (payload.byteLength === 0 || !this.#transfers.has(transfer.ref.sha256)) return;
    transfer.assembly.add(block, payload);
    transfer.asked.delete(block);
    void this.connection.unlisten([topic]).catch(() => undefined);
    if (!transfer.assembly.isComplete()) return this.#ask(transfer);
    void this.#finish(transfer).catch((error: unknown) => this.#fail(transfer, error));
  }

  async #finish(transfer: Transfer): Promise<void> {
    const bytes = transfer.assembly.bytes();
    const { sha256 } = transfer.ref;
    if ((await this.ports.digest.sha256(bytes)) !== sha256) {
      throw new FedgeError("BLOB_HASH_MISMATCH", `blob ${sha256} arrived with other bytes`);
    }
    await this.ports.blobs.put(sha256, bytes);
    transfer.cancelStall();
    this.#transfers.delete(sha256);
    transfer.resolve(bytes);
  }

  #fail(transfer: Transfer, error: unknown): void {
    transfer.cancelStall();
    this.#transfers.delete(transfer.ref.sha256);
    this.#unlistenAsked(transfer);
    transfer.reject(error);
  }

  /** After a reconnection the topics are subscribed again by the connection; blocks that were asked for will come. */
  #resume(): void {
    for (const transfer of this.#transfers.values()) this.#ask(transfer);
  }

  #watch(transfer: Transfer): void {
    transfer.cancelStall();
    transfer.cancelStall = this.ports.clock.after(STALL_MS, () => {
      transfer.numStalls += 1;
      if (transfer.numStalls > MAX_STALLS) {
        return this.#fail(
          transfer,
          new FedgeError("DEADLINE_EXCEEDED", `no block of ${transfer.ref.sha256} came in time`),
        );
      }
      this.#forgetAsked(transfer);
      this.#ask(transfer);
    });
  }

  #forgetAsked(transfer: Transfer): void {
    this.#unlistenAsked(transfer);
    transfer.asked.clear();
  }

  #unlistenAsked(transfer: Transfer): void {
    const tenantId = this.connection.credentials?.tenantId;
    if (tenantId === undefined || transfer.asked.size === 0) return;
    const topics = [...transfer.asked].map((block) => blobTopic(tenantId, transfer.ref.sha256, block));
    void this.connection.unlisten(topics).catch(() => undefined);
  }
}
