import { decodeWith, tenantId as tenantIdSchema, type DeviceId, type TenantId } from "@fedge/protocol";
import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { createSystemClock } from "../../clock/system-clock.js";
import { deviceIdOf } from "../../identity/device-keys.js";
import { createDeviceTokens, type DeviceTokens } from "../../identity/device-tokens.js";
import { openEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from "../embedded-broker.js";

export const TENANT = tenantOf("acme");

export interface TestBroker {
  readonly broker: EmbeddedBroker;
  readonly tokens: DeviceTokens;
  readonly port: number;
  readonly webSocketPort: number;
  /** `action/code` of every refusal, in order. */
  readonly refusals: string[];
  /** Resolves when this refusal has been counted, at once when it was before. */
  refused(refusal: string): Promise<void>;
  newDevice(): Promise<TestDevice>;
  close(): Promise<void>;
}

export interface TestDevice {
  readonly deviceId: DeviceId;
  readonly token: string;
  options(changes?: IClientOptions): IClientOptions;
  connect(changes?: IClientOptions): Promise<MqttClient>;
}

export function tenantOf(name: string): TenantId {
  return decodeWith(tenantIdSchema, name, { what: "tenant", code: "OPTION_INVALID" });
}

export function newDeviceId(): DeviceId {
  const { publicKey } = generateKeyPairSync("ed25519");
  return deviceIdOf(publicKey.export({ type: "spki", format: "der" }).subarray(-32));
}

/** A broker on free ports, with real tokens. Close it at the end of the test. */
export async function openTestBroker(changes: Partial<EmbeddedBrokerOptions> = {}): Promise<TestBroker> {
  const clock = changes.clock ?? createSystemClock();
  const tokens = createDeviceTokens({ secret: new Uint8Array(32).fill(7), tenantId: TENANT, clock });
  const { refusals, counters, refused } = recordRefusals();
  const broker = await openEmbeddedBroker({
    tenantId: TENANT,
    verifyClaims: (token) => tokens.verify(token),
    clock,
    counters,
    logger: { warn: () => undefined, error: () => undefined },
    tcp: { host: "127.0.0.1", port: 0 },
    ...changes,
  });
  const http = createServer();
  broker.attachWebSocket(http);
  const webSocketPort = await listenAnywhere(http);
  const port = broker.tcpPort ?? 0;
  const clients = new Set<MqttClient>();
  return {
    broker,
    tokens,
    port,
    webSocketPort,
    refusals,
    refused,
    newDevice: () => newTestDevice(tokens, port, clients),
    close: async () => {
      for (const client of clients) client.end(true);
      await broker.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function recordRefusals() {
  const refusals: string[] = [];
  const waiting = new Map<string, () => void>();
  const count = (_name: string, labels: Readonly<Record<string, string>> = {}): void => {
    const refusal = `${labels["action"]}/${labels["code"]}`;
    refusals.push(refusal);
    waiting.get(refusal)?.();
  };
  const refused = (refusal: string): Promise<void> =>
    refusals.includes(refusal)
      ? Promise.resolve()
      : new Promise((resolve) => waiting.set(refusal, () => resolve()));
  return { refusals, counters: { count }, refused };
}

async function newTestDevice(
  tokens: DeviceTokens,
  port: number,
  clients: Set<MqttClient>,
): Promise<TestDevice> {
  const deviceId = newDeviceId();
  const { token } = await tokens.issue(deviceId);
  const options = (changes: IClientOptions = {}): IClientOptions => ({
    host: "127.0.0.1",
    port,
    protocolVersion: 4,
    reconnectPeriod: 0,
    clientId: deviceId,
    username: deviceId,
    password: token,
    ...changes,
  });
  const connect = async (changes: IClientOptions = {}): Promise<MqttClient> => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, options(changes), false);
    client.on("error", () => undefined);
    clients.add(client);
    return client;
  };
  return { deviceId, token, options, connect };
}

export async function listenAnywhere(server: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** The next message on the client, or on the given topic of it. */
export function nextMessage(client: MqttClient, topic?: string): Promise<{ topic: string; payload: Buffer }> {
  return new Promise((resolve) => {
    const listener = (arrived: string, payload: Buffer): void => {
      if (topic !== undefined && arrived !== topic) return;
      client.off("message", listener);
      resolve({ topic: arrived, payload });
    };
    client.on("message", listener);
  });
}

export function closed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => client.once("close", () => resolve()));
}

/** Messages that the aggregator gets from now on, in order, as `topic payload`; retained ones first. */
export async function received(server: TestBroker, filter: string): Promise<string[]> {
  const messages: string[] = [];
  await server.broker.transport.subscribe(filter, (topic, payload) => {
    messages.push(`${topic} ${Buffer.from(payload).toString()}`);
  });
  return messages;
}

/** CONNACK code of a connection that must be refused. */
export async function refusalOf(options: IClientOptions): Promise<number> {
  const client = mqtt.connect({ ...options, reconnectPeriod: 0 });
  try {
    const error = await new Promise<Error>((resolve) => client.once("error", resolve));
    return (error as Error & { code: number }).code;
  } finally {
    client.end(true);
  }
}

/** Codes of the client's next SUBACK. */
export function subscribeCodes(client: MqttClient): Promise<number[]> {
  return new Promise((resolve) => {
    client.on("packetreceive", (packet) => {
      if (packet.cmd === "suback") resolve(packet.granted as number[]);
    });
  });
}
