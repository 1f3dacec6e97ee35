import {
  FedgeError,
  MAX_METADATA_BYTES,
  decodeRootChain,
  metaTopic,
  type MetaRole,
  type RootChain,
} from "@fedge/protocol";
import { deviceClosed } from "../device-closed.js";
import type { TopicHandler } from "../connection/connection.js";
import type { Clock } from "../ports/clock.js";
import type { Credentials } from "../ports/transport.js";

/** What is retained for every device is there at once when there is a connection. */
const ARRIVAL_MS = 30_000;

/** Takes what comes on the topics of signed metadata, and lets others wait for it. Believes nothing of it. */
export class MetadataDesk {
  #timestamp: Uint8Array | null = null;
  #roots: RootChain | null = null;
  #waiting: { readonly wake: () => void; readonly close: () => void }[] = [];
  #isClosed = false;
  #numHeard = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  topics({ tenantId }: Credentials): TopicHandler[] {
    return [
      [metaTopic(tenantId, "root"), (payload) => this.#receive("root", payload)],
      [metaTopic(tenantId, "timestamp"), (payload) => this.#receive("timestamp", payload)],
    ];
  }

  /** The newest timestamp's bytes. Throws METADATA_UNAVAILABLE when none comes in time, CLOSED after `close`. */
  async timestamp(): Promise<Uint8Array> {
    await this.#arrival(() => this.#timestamp !== null);
    return this.#timestamp ?? unavailable();
  }

  /** Where the roots are. Throws METADATA_UNAVAILABLE when no list comes in time, CLOSED after `close`. */
  async roots(): Promise<RootChain> {
    await this.#arrival(() => this.#roots !== null);
    return this.#roots ?? unavailable();
  }

  /** The roots that were named last; null before. */
  get namedRoots(): RootChain["roots"] | null {
    return this.#roots?.roots ?? null;
  }

  /** Counts what came. */
  get numHeard(): number {
    return this.#numHeard;
  }

  /** Resolves when more than this has come, and after a while also without. Throws CLOSED after `close`. */
  newsSince(numHeard: number): Promise<void> {
    return this.#arrival(() => this.#numHeard > numHeard);
  }

  /** Ends what waits. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const { close } of this.#waiting.splice(0)) close();
  }

  #receive(role: MetaRole, payload: Uint8Array): void {
    if (payload.byteLength === 0) return;
    try {
      if (role === "root") this.#roots = decodeRootChain(payload);
      else this.#timestamp = requireSize(payload);
    } catch (error) {
      return this.onError(error);
    }
    this.#numHeard += 1;
    for (const { wake } of [...this.#waiting]) wake();
  }

  #arrival(isThere: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(deviceClosed());
      if (isThere()) return resolve();
      const leave = (): void => {
        cancel();
        this.#waiting = this.#waiting.filter((other) => other !== entry);
      };
      const end = (settle: () => void): void => {
        leave();
        settle();
      };
      const wake = (): void => (isThere() ? end(resolve) : undefined);
      const entry = { wake, close: () => end(() => reject(deviceClosed())) };
      const cancel = this.clock.after(ARRIVAL_MS, () => end(resolve));
      this.#waiting.push(entry);
    });
  }
}

function requireSize(payload: Uint8Array): Uint8Array {
  if (payload.byteLength <= MAX_METADATA_BYTES.timestamp) return payload;
  throw new FedgeError("METADATA_MALFORMED", `a timestamp of ${payload.byteLength} bytes`);
}

function unavailable(): never {
  throw new FedgeError("METADATA_UNAVAILABLE", "no signed metadata have come from the broker yet");
}
