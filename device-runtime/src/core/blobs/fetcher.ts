import { FedgeError, blobTopic, type BlobRef, type Sha256, type TenantId } from "@fedge/protocol";
import type { Connection } from "../connection/connection.js";
import type { StopSignal } from "../ports/engine.js";
import type { DevicePorts } from "../ports/ports.js";
import { Transfer } from "./transfer.js";

/** How long one block may take before it is asked for again, while there is a connection. */
const BLOCK_MS = 20_000;
const MAX_STALLS = 15;

export interface BlobFetcherOptions {
  readonly connection: Pick<Connection, "credentials" | "isOnline" | "listen" | "unlisten" | "onOnline">;
  readonly ports: Pick<DevicePorts, "clock" | "digest" | "blobs">;
  readonly onError: (error: unknown) => void;
}

/** Fetches blobs from their retained blocks. What has arrived stays when the connection is lost. */
export class BlobFetcher {
  readonly #transfers = new Map<Sha256, Transfer>();
  #tenantId: TenantId | null = null;
  #isClosed = false;

  constructor(private readonly options: BlobFetcherOptions) {
    options.connection.onOnline(() => this.#resume());
  }

  /**
   * The blob's bytes, verified, from the store or else from the broker, and kept in the store.
   *
   * Throws DEADLINE_EXCEEDED when a connected device gets no block for five minutes, BLOB_HASH_MISMATCH for other
   * bytes, STORAGE_FULL or STORAGE_FAILED, and CLOSED after `close` and after a stop. A transfer that nobody waits for
   * any more ends.
   */
  async fetch(ref: BlobRef, signal: StopSignal): Promise<Uint8Array> {
    const kept = await this.kept(ref);
    if (kept !== undefined) return kept;
    if (this.#isClosed || signal.aborted) throw notWanted();
    const transfer = this.#transfers.get(ref.sha256) ?? this.#start(ref);
    transfer.numWaiting += 1;
    return new Promise<Uint8Array>((resolve, reject) => {
      const leave = (): void => {
        reject(notWanted());
        transfer.numWaiting -= 1;
        if (transfer.numWaiting === 0) this.#fail(transfer, notWanted());
      };
      signal.addEventListener("abort", leave);
      void transfer.promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  /**
   * The blob's bytes, verified, if the store has them. A disk that damaged them is like one that has lost them: they
   * are fetched again.
   */
  async kept({ sha256 }: BlobRef): Promise<Uint8Array | undefined> {
    const { blobs, digest } = this.options.ports;
    const bytes = await blobs.get(sha256);
    if (bytes === undefined || (await digest.sha256(bytes)) === sha256) return bytes;
    await blobs.delete(sha256);
    this.options.onError(new FedgeError("BLOB_HASH_MISMATCH", `the kept blob ${sha256} is damaged`));
    return undefined;
  }

  /** Ends every transfer with CLOSED. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const transfer of [...this.#transfers.values()]) this.#fail(transfer, notWanted());
  }

  #start(ref: BlobRef): Transfer {
    const transfer = new Transfer(ref);
    this.#transfers.set(ref.sha256, transfer);
    this.#ask(transfer);
    return transfer;
  }

  /** Subscribes to the next missing blocks, as many as the window has room for. */
  #ask(transfer: Transfer): void {
    this.#watch(transfer);
    const tenantId = this.options.connection.credentials?.tenantId;
    if (tenantId === undefined) return;
    const entries = transfer.nextBlocks().map((block) => {
      const topic = blobTopic(tenantId, transfer.ref.sha256, block);
      return [topic, (payload: Uint8Array): void => this.#receive(transfer, block, payload)] as const;
    });
    if (entries.length > 0) this.options.connection.listen(entries).catch(this.options.onError);
  }

  #receive(transfer: Transfer, block: number, payload: Uint8Array): void {
    // An empty payload withdraws a blob that nobody should need; another version will be announced.
    if (payload.byteLength === 0 || !transfer.isAsked(block)) return;
    transfer.add(block, payload);
    this.#unlisten(transfer, [block]);
    if (!transfer.isComplete) return this.#ask(transfer);
    transfer.cancelStall();
    void this.#finish(transfer).catch((error: unknown) => this.#fail(transfer, error));
  }

  async #finish(transfer: Transfer): Promise<void> {
    const bytes = transfer.bytes();
    const { sha256 } = transfer.ref;
    if ((await this.options.ports.digest.sha256(bytes)) !== sha256) {
      throw new FedgeError("BLOB_HASH_MISMATCH", `blob ${sha256} arrived with other bytes`);
    }
    await this.options.ports.blobs.put(sha256, bytes);
    this.#transfers.delete(sha256);
    transfer.resolve(bytes);
  }

  #fail(transfer: Transfer, error: unknown): void {
    transfer.cancelStall();
    if (this.#transfers.get(transfer.ref.sha256) === transfer) this.#transfers.delete(transfer.ref.sha256);
    this.#unlisten(transfer, transfer.forgetAsked());
    transfer.reject(error);
  }

  /** The connection subscribes again what was asked for; a transfer that began without one asks for the first time. */
  #resume(): void {
    const tenantId = this.options.connection.credentials?.tenantId ?? null;
    const isMoved = this.#tenantId !== tenantId;
    this.#tenantId = tenantId;
    for (const transfer of this.#transfers.values()) {
      // Topics have the tenant's name in them.
      if (isMoved) transfer.forgetAsked();
      if (!transfer.isComplete) this.#ask(transfer);
    }
  }

  #watch(transfer: Transfer): void {
    transfer.cancelStall();
    transfer.cancelStall = this.options.ports.clock.after(BLOCK_MS, () => this.#stalled(transfer));
  }

  /** Time without a connection does not count: the transfer goes on where it was, however long that takes. */
  #stalled(transfer: Transfer): void {
    if (!this.options.connection.isOnline) return;
    transfer.numStalls += 1;
    if (transfer.numStalls > MAX_STALLS) {
      const message = `no block of ${transfer.ref.sha256} came in time`;
      return this.#fail(transfer, new FedgeError("DEADLINE_EXCEEDED", message));
    }
    this.#unlisten(transfer, transfer.forgetAsked());
    this.#ask(transfer);
  }

  #unlisten(transfer: Transfer, blocks: readonly number[]): void {
    const tenantId = this.options.connection.credentials?.tenantId;
    if (tenantId === undefined || blocks.length === 0) return;
    const topics = blocks.map((block) => blobTopic(tenantId, transfer.ref.sha256, block));
    // A connection that ended meanwhile has forgotten the topics by itself.
    this.options.connection.unlisten(topics).catch((error: unknown) => {
      if (this.options.connection.isOnline) this.options.onError(error);
    });
  }
}

function notWanted(): FedgeError {
  return new FedgeError("CLOSED", "the blob is not wanted any more");
}
