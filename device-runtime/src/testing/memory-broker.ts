import { FedgeError } from "@fedge/protocol";
import type {
  ConnectionListener,
  Credentials,
  Transport,
  TransportConnection,
} from "../core/ports/transport.js";

/** A message on its way to one subscriber. */
export interface Delivery {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Hands it over, unless its connection has ended; may be called later, more than once, or not at all. */
  readonly deliver: () => void;
}

/** How a broker in memory treats devices and messages; it takes everything at once by default. */
export interface MemoryBrokerOptions {
  /** Decides what becomes of each message from a device or to one; hands it over at once by default. */
  readonly route?: (delivery: Delivery) => void;
  /** Whether a device may connect; every device by default. */
  readonly accepts?: (credentials: Credentials) => boolean;
  /** False for topics that devices may not subscribe to. */
  readonly maySubscribe?: (topic: string) => boolean;
}

type Listener = (topic: string, payload: Uint8Array) => void;

/** An MQTT broker in memory: retained messages, wills, exact topics. Everything is delivered on microtasks. */
export class MemoryBroker {
  readonly #retained = new Map<string, Uint8Array>();
  readonly #connections = new Map<string, MemoryConnection>();
  readonly #listeners = new Set<Listener>();

  constructor(private readonly options: MemoryBrokerOptions = {}) {}

  /** The line of a device to this broker. */
  transport(): Transport {
    return {
      open: async (credentials, will, listener) => {
        if (this.options.accepts?.(credentials) === false) {
          throw new FedgeError("TOKEN_INVALID", "the broker refuses this device's token");
        }
        // One client id has one connection (MQTT 3.1.1, section 3.1.4).
        this.#connections.get(credentials.deviceId)?.destroy();
        const connection = new MemoryConnection(this, { will, listener });
        this.#connections.set(credentials.deviceId, connection);
        return connection;
      },
    };
  }

  /** Hears everything that devices publish, as a server does; the returned function ends that. */
  onPublished(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Publishes as a server does. */
  publish(topic: string, payload: Uint8Array, { retain = false } = {}): void {
    this.#keep(topic, payload, retain);
    for (const connection of this.#connections.values()) {
      if (connection.isSubscribed(topic)) this.send(connection, topic, payload);
    }
  }

  /** Ends a device's connection from outside, as a lost line does. */
  cut(deviceId: string): void {
    this.#connections.get(deviceId)?.destroy();
  }

  /** What is retained under a topic. */
  retained(topic: string): Uint8Array | undefined {
    return this.#retained.get(topic);
  }

  /** What a connection of this broker published. */
  accept(topic: string, payload: Uint8Array, retain: boolean): void {
    this.#keep(topic, payload, retain);
    this.#route(topic, payload, () => {
      for (const listener of this.#listeners) listener(topic, payload);
    });
    for (const connection of this.#connections.values()) {
      if (connection.isSubscribed(topic)) this.send(connection, topic, payload);
    }
  }

  /** @internal Between the broker and its connections. */
  send(connection: MemoryConnection, topic: string, payload: Uint8Array): void {
    this.#route(topic, payload, () => connection.receive(topic, payload));
  }

  /** @internal Between the broker and its connections. */
  mayBeSubscribed(topic: string): boolean {
    return this.options.maySubscribe?.(topic) !== false;
  }

  #route(topic: string, payload: Uint8Array, hand: () => void): void {
    const deliver = (): void => queueMicrotask(hand);
    if (this.options.route === undefined) deliver();
    else this.options.route({ topic, payload, deliver });
  }

  #keep(topic: string, payload: Uint8Array, retain: boolean): void {
    if (!retain) return;
    if (payload.byteLength === 0) this.#retained.delete(topic);
    else this.#retained.set(topic, payload.slice());
  }
}

class MemoryConnection implements TransportConnection {
  readonly #topics = new Set<string>();
  #isOver = false;

  constructor(
    private readonly broker: MemoryBroker,
    private readonly parts: {
      readonly will: { readonly topic: string; readonly payload: Uint8Array };
      readonly listener: ConnectionListener;
    },
  ) {}

  isSubscribed(topic: string): boolean {
    return this.#topics.has(topic);
  }

  receive(topic: string, payload: Uint8Array): void {
    if (!this.#isOver && this.#topics.has(topic)) this.parts.listener.message(topic, payload.slice());
  }

  async publish(topic: string, payload: Uint8Array, { retain }: { readonly retain: boolean }): Promise<void> {
    this.#requireOpen();
    this.broker.accept(topic, payload.slice(), retain);
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    this.#requireOpen();
    const refused = topics.find((topic) => !this.broker.mayBeSubscribed(topic));
    for (const topic of topics) {
      if (!this.broker.mayBeSubscribed(topic)) continue;
      this.#topics.add(topic);
      const payload = this.broker.retained(topic);
      if (payload !== undefined) this.broker.send(this, topic, payload);
    }
    if (refused !== undefined)
      throw new FedgeError("ACCESS_DENIED", `the broker refuses the topic ${refused}`);
  }

  async unsubscribe(topics: readonly string[]): Promise<void> {
    this.#requireOpen();
    for (const topic of topics) this.#topics.delete(topic);
  }

  async end(): Promise<void> {
    this.#close();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#close();
    this.broker.accept(this.parts.will.topic, this.parts.will.payload, true);
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#topics.clear();
    queueMicrotask(() => this.parts.listener.closed());
  }

  #requireOpen(): void {
    if (this.#isOver) throw new FedgeError("TRANSPORT_FAILED", "the connection to the broker ended");
  }
}
