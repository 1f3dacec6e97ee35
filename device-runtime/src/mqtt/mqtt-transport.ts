import { FedgeError } from "@fedge/protocol";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type {
  ConnectionListener,
  Credentials,
  Transport,
  TransportConnection,
} from "../core/ports/transport.js";
import { Life } from "./life.js";

const CONNECT_TIMEOUT_MS = 20_000;
const KEEPALIVE_SECONDS = 60;
const SUBSCRIPTION_REFUSED = 128;
/** CONNACK return codes of MQTT 3.1.1, table 3.1: bad user name or password, not authorized. */
const REFUSED_CODES: ReadonlySet<unknown> = new Set([4, 5]);

export interface MqttTransportOptions {
  /** The broker gives a silent device up after one and a half times this; 60 s by default. */
  readonly keepaliveSeconds?: number;
  /** May set up the library's stream. */
  readonly onConnected?: (client: MqttClient) => void;
}

/** MQTT 3.1.1 over what the platform's client library has: TCP, TLS or WebSocket, by the URL of the credentials. */
export function createMqttTransport(options: MqttTransportOptions = {}): Transport {
  const { keepaliveSeconds = KEEPALIVE_SECONDS, onConnected = (): void => undefined } = options;
  return {
    open: async (credentials, will, listener) => {
      const { brokerUrl } = credentials;
      const client = mqtt.connect(brokerUrl, clientOptions(credentials, will, keepaliveSeconds));
      // Before the CONNACK: an end that follows it at once would find nobody who hears it.
      const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
      await connected(client, brokerUrl);
      onConnected(client);
      return connectionOf(client, closed, listener);
    },
  };
}

/** Reconnecting is the core's: it waits with jitter, and every session has a number and a will of its own. */
function clientOptions(
  credentials: Credentials,
  will: { readonly topic: string; readonly payload: Uint8Array },
  keepalive: number,
): IClientOptions {
  return {
    protocolVersion: 4,
    clean: true,
    clientId: credentials.deviceId,
    username: credentials.deviceId,
    password: credentials.token,
    reconnectPeriod: 0,
    resubscribe: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepalive,
    // The library's other kind is a worker made of a text, which a page's content security policy forbids.
    timerVariant: "native",
    will: { topic: will.topic, payload: asBuffer(will.payload), qos: 1, retain: true },
  };
}

/** The library takes any bytes, and says so only of Node's. */
function asBuffer(bytes: Uint8Array): Buffer {
  return bytes as Buffer;
}

function connected(client: MqttClient, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown): void => {
      client.end(true);
      reject(connectError(url, cause));
    };
    client.once("connect", () => {
      client.removeListener("close", fail);
      client.removeListener("error", fail);
      // A later error is followed by "close", which is what the listener hears.
      client.on("error", () => undefined);
      resolve();
    });
    client.once("error", fail);
    client.once("close", fail);
  });
}

function connectError(url: string, cause: unknown): FedgeError {
  const isRefused =
    typeof cause === "object" && cause !== null && "code" in cause && REFUSED_CODES.has(cause.code);
  if (isRefused) return new FedgeError("TOKEN_INVALID", "the broker refuses this device's token", { cause });
  const reason = cause instanceof Error ? cause.message : "the connection was closed";
  return new FedgeError("TRANSPORT_FAILED", `cannot connect to the broker at ${url}: ${reason}`, { cause });
}

function connectionOf(
  client: MqttClient,
  closed: Promise<void>,
  listener: ConnectionListener,
): TransportConnection {
  const life = new Life();
  void closed.then(() => {
    life.end(new FedgeError("TRANSPORT_FAILED", "the connection to the broker ended"));
    client.end(true);
    listener.closed();
  });
  client.on("message", (topic, payload) => listener.message(topic, payload));
  const answered = <T>(work: Promise<T>): Promise<T> => life.guard(work.catch(refusedByClient));
  return {
    publish: async (topic, payload, { retain }) => {
      await answered(client.publishAsync(topic, asBuffer(payload), { qos: 1, retain }));
    },
    subscribe: async (topics) => {
      if (topics.length === 0) return;
      await answered(
        client.subscribeAsync([...topics], { qos: 1 }).catch((cause: unknown) => {
          throw subscribeError(topics, cause);
        }),
      );
    },
    unsubscribe: async (topics) => {
      if (topics.length > 0) await answered(client.unsubscribeAsync([...topics]));
    },
    end: async () => {
      if (!life.isOver) await Promise.race([client.endAsync(), closed]);
    },
    destroy: () => void client.stream.destroy(),
  };
}

/** What the client library itself refuses: it has noticed an end that is not yet told. */
function refusedByClient(cause: unknown): never {
  if (cause instanceof FedgeError) throw cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new FedgeError("TRANSPORT_FAILED", `the broker did not take a packet: ${reason}`, { cause });
}

/** A SUBACK names a refusal by 0x80 at the place of the topic (MQTT 3.1.1, section 3.9.3). */
function subscribeError(topics: readonly string[], cause: unknown): unknown {
  const granted = grantedIn(cause);
  const refused = topics.filter((_, at) => granted[at] === SUBSCRIPTION_REFUSED);
  if (refused.length === 0) return cause;
  return new FedgeError("ACCESS_DENIED", `the broker refuses ${refused.join(", ")}`, { cause });
}

/** The return codes of the SUBACK that the client library puts into its error. */
function grantedIn(error: unknown): readonly unknown[] {
  if (!(error instanceof Error) || !("packet" in error)) return [];
  const { packet } = error;
  const hasGrants = typeof packet === "object" && packet !== null && "granted" in packet;
  return hasGrants && Array.isArray(packet.granted) ? packet.granted : [];
}
