import {
  profileWindow,
  profileWindowReceipt,
  type ProfileWindow,
  type decodeEnvelope,
  type deviceTopic,
} from "@fedge/protocol";
import type { Connection } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";
import type { StoreChange } from "../ports/storage.js";

export interface WindowSenderParts {
  readonly ports: Pick<DevicePorts, "store">;
  readonly connection: Pick<Connection, "send" | "listen" | "isOnline" | "credentials">;
  readonly decodeEnvelope: typeof decodeEnvelope;
  readonly deviceTopic: typeof deviceTopic;
  readonly mayReport: () => boolean;
  readonly onError: (error: unknown) => void;
}

const PREFIX = "drift/unsent/";
/** Of one model; the server has closed older ones long ago. */
const MOST_UNSENT = 28;

/**
 * Sends closed windows, the same bytes each time, until the server says that it has them or will never want them. Without
 * consent to reporting nothing waits and nothing is sent.
 */
export class WindowSender {
  readonly #unsent = new Map<string, ProfileWindow>();
  #topic: string | null = null;

  constructor(private readonly parts: WindowSenderParts) {}

  /** Reads what waits. Throws STORAGE_FAILED. */
  async restore(): Promise<void> {
    const { store } = this.parts.ports;
    for (const key of await store.keys(PREFIX)) {
      const bytes = await store.get(key);
      const message = bytes === undefined ? null : messageIn(bytes);
      if (message === null) await store.delete(key);
      else this.#unsent.set(key, message);
    }
    if (!this.parts.mayReport()) await this.clear();
  }

  /** What the store has to change so that the window waits; nothing without consent. The oldest give way. */
  keep(message: ProfileWindow): StoreChange[] {
    if (!this.parts.mayReport()) return [];
    const ofModel = [...this.#unsent].filter(([, { model }]) => model === message.model).map(([key]) => key);
    const gone = ofModel.slice(0, Math.max(0, ofModel.length + 1 - MOST_UNSENT));
    for (const key of gone) this.#unsent.delete(key);
    return [[keyOf(message), bytesOf(message)], ...gone.map((key) => [key, null] as const)];
  }

  /** That is in the store now. */
  kept(message: ProfileWindow): void {
    // The consent may have been withdrawn meanwhile.
    if (!this.parts.mayReport()) return void this.#remove([keyOf(message)]).catch(this.parts.onError);
    this.#unsent.set(keyOf(message), message);
    this.#send(message);
  }

  /** A session has begun: receipts are heard, and what waits is sent again. */
  online(): void {
    const { connection, onError } = this.parts;
    const { credentials } = connection;
    if (credentials === null) return;
    const topic = this.parts.deviceTopic(credentials.tenantId, credentials.deviceId, "rpc/res");
    const heard = topic === this.#topic ? Promise.resolve() : this.#listen(topic);
    heard.then(() => this.#sendAll(), onError);
  }

  /** The consent may have changed; without it, what waits is forgotten. */
  reconsider(): void {
    if (!this.parts.mayReport()) this.clear().catch(this.parts.onError);
  }

  /** Nothing waits any more. Throws STORAGE_FAILED. */
  clear(): Promise<void> {
    return this.#remove([...this.#unsent.keys()]);
  }

  async #listen(topic: string): Promise<void> {
    this.#topic = topic;
    await this.parts.connection.listen([[topic, (payload) => this.#receive(payload)]]);
  }

  #receive(payload: Uint8Array): void {
    const { body } = this.parts.decodeEnvelope(payload, profileWindowReceipt, "receipt of a window");
    const key = keyOf(body);
    if (this.#unsent.has(key)) this.#remove([key]).catch(this.parts.onError);
  }

  #sendAll(): void {
    for (const message of this.#unsent.values()) this.#send(message);
  }

  #send(message: ProfileWindow): void {
    const { connection, mayReport, onError } = this.parts;
    if (!mayReport() || !connection.isOnline) return;
    connection.send("metrics", message).catch((error: unknown) => {
      // What a lost line has not taken is sent with the next session.
      if (connection.isOnline) onError(error);
    });
  }

  async #remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#unsent.delete(key);
    if (keys.length > 0) await this.parts.ports.store.write(keys.map((key) => [key, null] as const));
  }
}

function keyOf({ model, version, window }: Pick<ProfileWindow, "model" | "version" | "window">): string {
  return `${PREFIX}${model}/${version}/${String(window).padStart(10, "0")}`;
}

function bytesOf(message: ProfileWindow): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** Null for what is none, as after a fault of the disk. */
function messageIn(bytes: Uint8Array): ProfileWindow | null {
  try {
    const { success, data } = profileWindow.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return success ? data : null;
  } catch {
    return null;
  }
}
