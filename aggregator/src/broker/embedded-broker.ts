import { FedgeError, type DeviceId, type TenantId } from "@fedge/protocol";
import { Aedes } from "aedes";
import type { Server as HttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock/clock.js";
import type { TokenClaims } from "../identity/device-tokens.js";
import type { Counters } from "../metrics/metrics.js";
import { connectionFault } from "./connection-faults.js";
import { DeviceSessions, type SessionLog } from "./device-sessions.js";
import { GuardedConnection } from "./guarded-connection.js";
import { embeddedTransport } from "./in-process-transport.js";
import { listenOn } from "./listening.js";
import { MessageRouter } from "./message-router.js";
import type { ServerTransport } from "./port.js";
import { SessionMemory } from "./session-memory.js";
import { createWebSocketDoor } from "./web-socket-door.js";

export interface EmbeddedBrokerOptions {
  readonly tenantId: TenantId;
  /** The claims of a device's token. Throws TOKEN_INVALID or TOKEN_EXPIRED. */
  readonly verifyClaims: (token: string) => Promise<TokenClaims>;
  readonly clock: Clock;
  readonly counters: Pick<Counters, "count">;
  readonly logger: SessionLog & { error(fields: Readonly<Record<string, unknown>>, message: string): void };
  /** Where MQTT over TCP listens; port 0 takes a free one; null listens for WebSockets only. */
  readonly tcp: { readonly host: string; readonly port: number } | null;
  /** A device that takes longer to read what was sent is disconnected; 20 s. */
  readonly drainTimeoutMs?: number;
  /** A connection that says no CONNECT is closed after this; 10 s. */
  readonly connectTimeoutMs?: number;
  /** How often expired tokens are looked for; 30 s. */
  readonly expiryCheckMs?: number;
  readonly maxConnections?: number;
}

export interface EmbeddedBroker {
  /** The aggregator's side: no socket, no copy. */
  readonly transport: ServerTransport;
  /** Null when it does not listen for TCP. */
  readonly tcpPort: number | null;
  /** Serves MQTT over WebSocket at `/mqtt` of this server. */
  attachWebSocket(server: HttpServer): void;
  /** Payload bytes that devices sent and were sent since the start. */
  traffic(): { readonly bytesUp: number; readonly bytesDown: number };
  numConnected(): number;
  /** Ends the device's connection, if it has one. */
  disconnect(deviceId: DeviceId): void;
  /** Lets connections flush for at most two seconds, then ends them. Wills are not heard any more. Idempotent. */
  close(): Promise<void>;
}

const CLOSE_DEADLINE_MS = 2000;
const TCP_KEEP_ALIVE_MS = 60_000;
const MAX_TOPIC_LEVELS = 12;

/** An MQTT 3.1.1 broker in this process for one tenant's devices. Throws PORT_TAKEN or OPTION_INVALID. */
export async function openEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const broker = new RunningBroker(options);
  await broker.start();
  return broker;
}

class RunningBroker implements EmbeddedBroker {
  readonly transport: ServerTransport;
  tcpPort: number | null = null;
  readonly #memory = new SessionMemory();
  readonly #router: MessageRouter;
  readonly #sessions: DeviceSessions;
  readonly #aedes: Aedes;
  readonly #connections = new Set<GuardedConnection>();
  readonly #door = createWebSocketDoor((connection) => this.#accept(connection));
  readonly #listeners = new Set<(connected: boolean) => void>();
  #server: Server | undefined;
  #cancelCheck: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(private readonly options: EmbeddedBrokerOptions) {
    const { clock, logger } = options;
    this.#router = new MessageRouter((error) => logger.error({ err: error }, "a message handler failed"));
    this.#sessions = new DeviceSessions({
      ...options,
      nowMs: () => clock.nowMs(),
      onMessage: (topic, payload) => {
        if (this.#closing === undefined) this.#router.deliver(topic, payload);
      },
    });
    this.#aedes = this.#createAedes();
    this.transport = embeddedTransport({
      aedes: this.#aedes,
      router: this.#router,
      memory: this.#memory,
      isOpen: () => this.#closing === undefined,
      onState: (listener) => this.#listeners.add(listener),
      traffic: () => this.traffic(),
      close: () => this.close(),
    });
  }

  async start(): Promise<void> {
    await this.#aedes.listen();
    const { tcp } = this.options;
    try {
      if (tcp !== null) await this.#listen(tcp);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#checkExpiryLater();
  }

  attachWebSocket(server: HttpServer): void {
    if (this.#closing !== undefined) throw new FedgeError("CLOSED", "the broker is closed");
    this.#door.attach(server);
  }

  traffic(): { readonly bytesUp: number; readonly bytesDown: number } {
    return this.#sessions.traffic();
  }

  disconnect(deviceId: DeviceId): void {
    this.#sessions.disconnect(deviceId);
  }

  numConnected(): number {
    return this.#sessions.numConnected;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #createAedes(): Aedes {
    const aedes = new Aedes({
      persistence: this.#memory,
      // Bounded, one device that reads nothing would hold up the messages of all others.
      concurrency: 0,
      maxTopicLevels: MAX_TOPIC_LEVELS,
      queueLimit: 42,
      connectTimeout: this.options.connectTimeoutMs ?? 10_000,
      drainTimeout: this.options.drainTimeoutMs ?? 20_000,
      ...this.#sessions.handlers,
    });
    const onFault = (_client: unknown, error: Error): void => {
      const fault = connectionFault(error);
      if (fault !== undefined) this.#sessions.refused("packet", fault);
    };
    aedes.on("clientError", onFault);
    aedes.on("connectionError", onFault);
    aedes.on("client", (client) => this.#sessions.connected(client));
    aedes.on("clientDisconnect", (client) => this.#sessions.disconnected(client));
    aedes.on("unsubscribe", (topics, client) => this.#sessions.unsubscribed(client, topics));
    return aedes;
  }

  async #listen(address: { readonly host: string; readonly port: number }): Promise<void> {
    this.#server = createServer({ noDelay: true }, (socket) => {
      socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
      this.#accept(socket);
    });
    this.tcpPort = await listenOn(this.#server, address);
  }

  #accept(socket: Duplex): void {
    if (this.#closing !== undefined || this.#connections.size >= (this.options.maxConnections ?? 20_000)) {
      socket.on("error", () => socket.destroy());
      socket.destroy();
      return;
    }
    const connection = new GuardedConnection(socket);
    this.#connections.add(connection);
    connection.once("close", () => this.#connections.delete(connection));
    this.#aedes.handle(connection);
  }

  #checkExpiryLater(): void {
    this.#cancelCheck = this.options.clock.after(this.options.expiryCheckMs ?? 30_000, () => {
      this.#sessions.closeExpired();
      this.#checkExpiryLater();
    });
  }

  async #close(): Promise<void> {
    this.#cancelCheck();
    this.#door.close();
    this.#server?.close();
    await this.#flushConnections();
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
    for (const connection of this.#connections) connection.destroy();
    for (const listener of this.#listeners) listener(false);
  }

  async #flushConnections(): Promise<void> {
    const connections = [...this.#connections];
    const closed = connections.map((connection) => new Promise((done) => connection.once("close", done)));
    for (const connection of connections) connection.end();
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(CLOSE_DEADLINE_MS, resolve);
      void Promise.all(closed).then(() => {
        cancel();
        resolve();
      });
    });
  }
}
