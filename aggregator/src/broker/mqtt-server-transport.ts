import { FedgeError } from "@fedge/protocol";
import { Socket } from "node:net";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { Clock } from "../clock/clock.js";
import { refuseTopic } from "./in-process-transport.js";
import { MessageRouter } from "./message-router.js";
import type { ServerTransport } from "./port.js";

export interface MqttServerTransportOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://` of the operator's broker. */
  readonly url: string;
  /** Must be this aggregator's alone: a broker disconnects the older of two clients with one id. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly clock: Clock;
  readonly logger: { error(fields: Readonly<Record<string, unknown>>, message: string): void };
  /** What the broker says for this aggregator when it is gone: normally `offline` at `srv/state`. */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
  readonly connectTimeoutMs?: number;
  readonly publishTimeoutMs?: number;
}

const SUBSCRIPTION_REFUSED = 128;
const RECONNECT_MS = 2000;

/**
 * The aggregator's side of an operator's own broker, MQTT 3.1.1.
 *
 * Connects once before it resolves, and again by itself whenever the connection is lost. Throws SERVER_UNREACHABLE,
 * or ACCESS_DENIED when the broker refuses the credentials.
 */
export async function openMqttServerTransport(options: MqttServerTransportOptions): Promise<ServerTransport> {
  let client: MqttClient;
  try {
    client = await mqtt.connectAsync(options.url, clientOptions(options), false);
  } catch (cause) {
    throw connectError(options.url, cause);
  }
  const router = new MessageRouter((error) =>
    options.logger.error({ err: error }, "a message handler failed"),
  );
  const traffic = { bytesUp: 0, bytesDown: 0 };
  client.on("message", (topic, payload) => {
    traffic.bytesUp += payload.byteLength;
    router.deliver(topic, payload);
  });
  // A round's conversation is a chain of small messages; none waits for the acknowledgement of the one before.
  const sendAtOnce = (): void => void (client.stream instanceof Socket && client.stream.setNoDelay(true));
  sendAtOnce();
  client.on("connect", sendAtOnce);
  // Reconnecting is the client's own affair; without a listener a refused connection would end the process.
  client.on("error", (error) => options.logger.error({ err: error }, "the connection to the broker failed"));
  return transportOver(client, { router, traffic }, options);
}

function clientOptions(options: MqttServerTransportOptions): IClientOptions {
  const { clientId, username, password, will } = options;
  return {
    protocolVersion: 4,
    clean: true,
    clientId,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: options.connectTimeoutMs ?? 10_000,
    resubscribe: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(will === undefined
      ? {}
      : { will: { topic: will.topic, payload: bufferOf(will.payload), qos: 1 as const, retain: true } }),
  };
}

function transportOver(
  client: MqttClient,
  {
    router,
    traffic,
  }: { readonly router: MessageRouter; readonly traffic: { bytesUp: number; bytesDown: number } },
  options: MqttServerTransportOptions,
): ServerTransport {
  let closing: Promise<void> | undefined;
  return {
    publish: async (topic, payload, { retain, qos }) => {
      refuseTopic(topic);
      if (closing !== undefined) throw new FedgeError("CLOSED", "the connection to the broker is closed");
      // The client would queue without limit until the broker is back; devices ask again by then.
      if (!client.connected) throw new FedgeError("TRANSPORT_FAILED", "the broker cannot be reached now");
      traffic.bytesDown += payload.byteLength;
      await within(options, client.publishAsync(topic, bufferOf(payload), { retain, qos }));
    },
    subscribe: async (filter, handler) => {
      router.add(filter, handler);
      await within(options, client.subscribeAsync(filter, { qos: 1 }));
    },
    isConnected: () => closing === undefined && client.connected,
    onState: (listener) => {
      client.on("connect", () => listener(true));
      client.on("close", () => listener(false));
    },
    traffic: () => ({ ...traffic }),
    close: () => (closing ??= client.endAsync()),
  };
}

async function within<T>(options: MqttServerTransportOptions, work: Promise<T>): Promise<T> {
  const deadlineMs = options.publishTimeoutMs ?? 30_000;
  return new Promise<T>((resolve, reject) => {
    const cancel = options.clock.after(deadlineMs, () =>
      reject(new FedgeError("DEADLINE_EXCEEDED", `the broker did not answer within ${deadlineMs} ms`)),
    );
    work
      .catch((cause: unknown) => Promise.reject(transportFailed(cause)))
      .then(resolve, reject)
      .finally(cancel);
  });
}

function transportFailed(cause: unknown): FedgeError {
  if (isRefusedSubscription(cause)) {
    return new FedgeError("ACCESS_DENIED", "the broker refuses the subscription; allow it to this user", {
      cause,
    });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FedgeError("TRANSPORT_FAILED", `the broker did not take it: ${reason}`, { cause });
}

function isRefusedSubscription(cause: unknown): boolean {
  if (!(cause instanceof Error) || !("packet" in cause)) return false;
  const { packet } = cause;
  if (typeof packet !== "object" || packet === null || !("granted" in packet)) return false;
  return Array.isArray(packet.granted) && packet.granted.includes(SUBSCRIPTION_REFUSED);
}

/** CONNACK return codes 4 and 5 (MQTT 3.1.1, table 3.1). */
function connectError(url: string, cause: unknown): FedgeError {
  const place = URL.canParse(url) ? `${new URL(url).protocol}//${new URL(url).host}` : "the given url";
  const isRefused =
    cause instanceof Error &&
    "code" in cause &&
    typeof cause.code === "number" &&
    [4, 5].includes(cause.code);
  if (isRefused) {
    return new FedgeError("ACCESS_DENIED", `the broker at ${place} refuses this user name or password`, {
      cause,
    });
  }
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new FedgeError(
    "SERVER_UNREACHABLE",
    `cannot connect to the broker at ${place}: ${reason}; check its address and that it runs`,
    { cause },
  );
}

function bufferOf(payload: Uint8Array): Buffer {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
