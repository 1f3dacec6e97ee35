import {
  FedgeError,
  PROTOCOL_VERSION,
  deviceTopic,
  encodeEnvelope,
  hasErrorCode,
  type DeviceUpChannel,
  type MessageId,
  type Presence,
} from "@fedge/protocol";
import type { Clock } from "../ports/clock.js";
import type { DevicePorts } from "../ports/ports.js";
import type { Credentials, TransportConnection } from "../ports/transport.js";
import { fullJitterMs } from "./backoff.js";
import { nextSession } from "./session-number.js";

export interface ConnectionOptions {
  readonly ports: Pick<DevicePorts, "clock" | "random" | "store" | "identity" | "transport">;
  /** First message of a session, made when it begins. */
  readonly birth: (session: number) => object;
  readonly onError: (error: unknown) => void;
}

type Handler = (payload: Uint8Array) => void;

interface Live {
  readonly link: TransportConnection;
  readonly credentials: Credentials;
  readonly session: number;
}

/** Keeps a connection to the broker: connects, says hello, subscribes again, and comes back after every loss. */
export class Connection {
  readonly #handlers = new Map<string, Handler>();
  readonly #onlineListeners = new Set<() => void>();
  readonly #offlineListeners = new Set<() => void>();
  #live: Live | null = null;
  #seq = 0;
  #numFailures = 0;
  #isRefused = false;
  #isClosed = false;
  #cancelRetry: () => void = () => undefined;
  #bytesUp = 0;
  #bytesDown = 0;

  constructor(private readonly options: ConnectionOptions) {}

  get credentials(): Credentials | null {
    return this.#live?.credentials ?? null;
  }

  get isOnline(): boolean {
    return this.#live !== null;
  }

  get traffic(): { readonly bytesUp: number; readonly bytesDown: number } {
    return { bytesUp: this.#bytesUp, bytesDown: this.#bytesDown };
  }

  /** Begins to connect; failures are reported and tried again. */
  start(): void {
    void this.#connect();
  }

  /** Told after every session has begun. */
  onOnline(listener: () => void): void {
    this.#onlineListeners.add(listener);
  }

  onOffline(listener: () => void): void {
    this.#offlineListeners.add(listener);
  }

  /** Hears a topic, now and after every reconnection, until `unlisten`. */
  async listen(entries: readonly (readonly [topic: string, handler: Handler])[]): Promise<void> {
    for (const [topic, handler] of entries) this.#handlers.set(topic, handler);
    await this.#live?.link.subscribe(entries.map(([topic]) => topic));
  }

  async unlisten(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#handlers.delete(topic);
    await this.#live?.link.unsubscribe(topics);
  }

  /** Puts a body into an envelope. Throws TRANSPORT_FAILED while there is no connection. */
  async send(channel: DeviceUpChannel, body: object, { retain = false } = {}): Promise<void> {
    const live = this.#require();
    const topic = deviceTopic(live.credentials.tenantId, live.credentials.deviceId, channel);
    await this.#publish(live, topic, this.#envelope(live.session, body), retain);
  }

  async sendBytes(topic: string, bytes: Uint8Array): Promise<void> {
    await this.#publish(this.#require(), topic, bytes, false);
  }

  /** Says goodbye and stays away. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelRetry();
    const live = this.#live;
    if (live === null) return;
    const { session } = live;
    const goodbye: Presence = { type: "presence", presence: "offline", session };
    await this.send("state", goodbye, { retain: true }).catch(this.options.onError);
    this.#live = null;
    await live.link.end();
  }

  async #connect(): Promise<void> {
    try {
      await this.#open();
      this.#numFailures = 0;
    } catch (error) {
      this.#isRefused = hasErrorCode(error) && error.code === "TOKEN_INVALID";
      this.#live = null;
      this.options.onError(error);
      this.#retry();
    }
  }

  async #open(): Promise<void> {
    const { ports } = this.options;
    const credentials = await ports.identity.credentials({ isRefused: this.#isRefused });
    const session = await nextSession(ports.store);
    if (this.#isClosed) return;
    this.#seq = 0;
    const { tenantId, deviceId } = credentials;
    const stateTopic = deviceTopic(tenantId, deviceId, "state");
    const will: Presence = { type: "presence", presence: "lost", session };
    const link = await ports.transport.open(
      credentials,
      { topic: stateTopic, payload: this.#envelope(session, will) },
      {
        message: (topic, payload) => this.#receive(topic, payload),
        closed: () => this.#lost(session),
      },
    );
    if (this.#isClosed) return link.end();
    this.#live = { link, credentials, session };
    this.#isRefused = false;
    await this.#begin(this.#live);
  }

  async #begin(live: Live): Promise<void> {
    const online: Presence = { type: "presence", presence: "online", session: live.session };
    await this.send("birth", this.options.birth(live.session));
    await this.send("state", online, { retain: true });
    for (const listener of this.#onlineListeners) listener();
    const topics = [...this.#handlers.keys()];
    // An operator's broker may limit the filters of one SUBSCRIBE; AWS IoT Core allows 8.
    for (let at = 0; at < topics.length; at += 8) await live.link.subscribe(topics.slice(at, at + 8));
  }

  #lost(session: number): void {
    if (this.#live?.session !== session) return;
    this.#live = null;
    for (const listener of this.#offlineListeners) listener();
    this.#retry();
  }

  #retry(): void {
    if (this.#isClosed) return;
    this.#numFailures += 1;
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(fullJitterMs(this.#numFailures, this.options.ports.random), () => {
      void this.#connect();
    });
  }

  #receive(topic: string, payload: Uint8Array): void {
    this.#bytesDown += payload.byteLength;
    try {
      this.#handlers.get(topic)?.(payload);
    } catch (error) {
      this.options.onError(error);
    }
  }

  async #publish(live: Live, topic: string, payload: Uint8Array, retain: boolean): Promise<void> {
    this.#bytesUp += payload.byteLength;
    await live.link.publish(topic, payload, { retain });
  }

  #envelope(session: number, body: object): Uint8Array {
    this.#seq += 1;
    const id = `${session}-${this.#seq}` as MessageId;
    return encodeEnvelope({
      v: PROTOCOL_VERSION,
      id,
      sentAtMs: this.#clock.nowMs(),
      session,
      seq: this.#seq,
      body,
    });
  }

  #require(): Live {
    if (this.#live === null) throw new FedgeError("TRANSPORT_FAILED", "there is no connection to the broker");
    return this.#live;
  }

  get #clock(): Clock {
    return this.options.ports.clock;
  }
}
