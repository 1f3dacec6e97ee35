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
import type { Credentials, TransportConnection } from "../ports/transport.js";
import { fullJitterMs } from "./backoff.js";
import { SessionNumbers } from "./session-number.js";
import type { ConnectionPorts, Traffic } from "./connection-ports.js";

export interface ConnectionOptions {
  readonly ports: ConnectionPorts;
  /** First message of a session, made when it begins. */
  readonly birth: (session: number) => object;
  readonly onError: (error: unknown) => void;
}

type Handler = (payload: Uint8Array) => void;
/** A topic and who hears it. A handler that throws has refused the message; nothing else happens. */
export type TopicHandler = readonly [topic: string, handler: Handler];

/** A broker that answers pings and not this is as good as gone. */
const ACKNOWLEDGEMENT_MS = 120_000;
/** A device that closes waits this long for a broker that does not answer. */
const GOODBYE_MS = 5000;
/** AWS IoT Core allows 8 filters in one SUBSCRIBE. */
const FILTERS_AT_ONCE = 8;
/** Every so many failed attempts the identity is asked again where the broker is. */
const FAILURES_BEFORE_ASKING = 5;
/** A shorter session counts as one more failure: two processes with one key would throw each other out for ever. */
const STABLE_SESSION_MS = 1000;

interface Live {
  readonly link: TransportConnection;
  readonly credentials: Credentials;
  readonly session: number;
  readonly beganAtMs: number;
}

/** Keeps a connection to the broker: connects, says hello, subscribes again, and comes back after every loss. */
export class Connection {
  readonly #handlers = new Map<string, Handler>();
  readonly #onlineListeners = new Set<() => void>();
  readonly #offlineListeners = new Set<() => void>();
  #live: Live | null = null;
  #credentials: Credentials | null = null;
  #seq = 0;
  #numFailures = 0;
  #isRefused = false;
  #isClosed = false;
  #cancelRetry: () => void = () => undefined;
  #bytesUp = 0;
  #bytesDown = 0;
  #numMessagesRefused = 0;

  readonly #sessions: SessionNumbers;

  constructor(private readonly options: ConnectionOptions) {
    const { store, clock } = options.ports;
    this.#sessions = new SessionNumbers(store, clock, options.onError);
  }

  /** Those of the latest session, also after its end; null before the first. */
  get credentials(): Credentials | null {
    return this.#credentials;
  }

  get isOnline(): boolean {
    return this.#live !== null;
  }

  get traffic(): Traffic {
    return {
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
      numMessagesRefused: this.#numMessagesRefused,
    };
  }

  /** Begins to connect; failures are reported and tried again. */
  start(): void {
    void this.#connect();
  }

  /** Told after every session has begun and its topics are subscribed. */
  onOnline(listener: () => void): void {
    this.#onlineListeners.add(listener);
  }

  onOffline(listener: () => void): void {
    this.#offlineListeners.add(listener);
  }

  /**
   * Hears topics, now and after every reconnection, until `unlisten`. What fails for want of a connection is done when
   * it is back. Throws ACCESS_DENIED for a topic that the broker refuses.
   */
  async listen(entries: readonly TopicHandler[]): Promise<void> {
    for (const [topic, handler] of entries) this.#handlers.set(topic, handler);
    const live = this.#live;
    if (live === null) return;
    await this.#subscribe(
      live,
      entries.map(([topic]) => topic),
    );
  }

  async unlisten(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#handlers.delete(topic);
    const live = this.#live;
    if (live !== null) await this.#acknowledged(live, live.link.unsubscribe(topics));
  }

  /** Says again who this device is and that it is here: a server that began anew does not know. */
  async announce(): Promise<void> {
    const { session } = this.#require();
    const online: Presence = { type: "presence", presence: "online", session };
    await this.send("birth", this.options.birth(session));
    await this.send("state", online, { retain: true });
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
    const goodbye: Presence = { type: "presence", presence: "offline", session: live.session };
    await this.#endWithin(GOODBYE_MS, live, async () => {
      await this.send("state", goodbye, { retain: true });
      this.#live = null;
      await live.link.end();
    }).catch(this.options.onError);
    this.#live = null;
  }

  async #connect(): Promise<void> {
    try {
      const live = await this.#open();
      if (live !== null) await this.#begin(live);
    } catch (error) {
      if (this.#isClosed) return;
      this.#isRefused = hasErrorCode(error) && error.code === "TOKEN_INVALID";
      this.options.onError(error);
      this.#retry();
    }
  }

  async #open(): Promise<Live | null> {
    const { ports } = this.options;
    // A broker that cannot be reached may have moved, which only new credentials tell.
    const isAway = this.#numFailures > 0 && this.#numFailures % FAILURES_BEFORE_ASKING === 0;
    const credentials = await ports.identity.credentials({ isRefused: this.#isRefused || isAway });
    // The store may be closed with the device.
    if (this.#isClosed) return null;
    const session = await this.#sessions.next();
    if (this.#isClosed) return null;
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
    const live = { link, credentials, session, beganAtMs: this.#clock.nowMs() };
    if (this.#isClosed) {
      await this.#endWithin(GOODBYE_MS, live, () => link.end());
      return null;
    }
    this.#isRefused = false;
    this.#forgetTopicsUnless(credentials);
    this.#credentials = credentials;
    this.#live = live;
    return live;
  }

  /** Topics have the tenant and the device in their names; those of another are refused for ever. */
  #forgetTopicsUnless({ tenantId, deviceId }: Credentials): void {
    const isSame = this.#credentials?.tenantId === tenantId && this.#credentials.deviceId === deviceId;
    if (this.#credentials !== null && !isSame) this.#handlers.clear();
  }

  async #begin(live: Live): Promise<void> {
    try {
      await this.announce();
      const topics = [...this.#handlers.keys()];
      for (let at = 0; at < topics.length; at += FILTERS_AT_ONCE) {
        // Blobs that have come meanwhile are not wanted again.
        const wanted = topics.slice(at, at + FILTERS_AT_ONCE).filter((topic) => this.#handlers.has(topic));
        await this.#subscribe(live, wanted);
      }
    } catch (error) {
      this.options.onError(error);
      // Its end is heard as a loss, which tries again.
      return live.link.destroy();
    }
    if (this.#live === live) for (const listener of this.#onlineListeners) listener();
  }

  async #subscribe(live: Live, topics: readonly string[]): Promise<void> {
    if (topics.length > 0) await this.#acknowledged(live, live.link.subscribe(topics));
  }

  #acknowledged<T>(live: Live, work: Promise<T>): Promise<T> {
    return this.#endWithin(ACKNOWLEDGEMENT_MS, live, () => work);
  }

  /** The work, or the end of a connection that does not answer in time. */
  async #endWithin<T>(withinMs: number, { link }: Live, work: () => Promise<T>): Promise<T> {
    const cancel = this.#clock.after(withinMs, () => link.destroy());
    try {
      return await work();
    } finally {
      cancel();
    }
  }

  #lost(session: number): void {
    const live = this.#live;
    if (live?.session !== session) return;
    this.#live = null;
    if (this.#clock.nowMs() - live.beganAtMs >= STABLE_SESSION_MS) this.#numFailures = 0;
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
      this.#numMessagesRefused += 1;
      this.options.onError(error);
    }
  }

  async #publish(live: Live, topic: string, payload: Uint8Array, retain: boolean): Promise<void> {
    this.#bytesUp += payload.byteLength;
    await this.#acknowledged(live, live.link.publish(topic, payload, { retain }));
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
