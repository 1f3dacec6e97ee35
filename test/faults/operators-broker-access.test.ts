import { startServer, type RunningServer } from "@fedge/aggregator";
import {
  DEVICE_DOWN_CHANNELS,
  DEVICE_UP_CHANNELS,
  blobTopic,
  deviceTopic,
  metaTopic,
  serverStateTopic,
  uploadTopic,
  type Sha256,
  type TenantId,
} from "@fedge/protocol";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort } from "../e2e/server-process.js";
import { eventually } from "../e2e/waiting.js";
import { GuardedMosquitto, mosquittoProgram } from "./guarded-mosquitto.js";
import { HostileDevice, enrol, type Credentials } from "./hostile-device.js";

const TENANT = "default" as TenantId;
const OTHER_TENANT = "umbrella" as TenantId;
const HASH = "a".repeat(64) as Sha256;
const SERVER = { username: "aggregator", password: "the server's own" };
/** Of the test alone: hears everything, and says what a server would say without being it. */
const OBSERVER = { username: "observer", password: "the test's own" };

const program = mosquittoProgram();
const withBroker = program === undefined ? test.skip : test;
if (program === undefined) {
  test.skip("an operator's broker and who may do what: mosquitto is not installed (package mosquitto)", () =>
    undefined);
}

let directory = "";
let url = "";
let broker: GuardedMosquitto;
let server: RunningServer;
let observer: MqttClient;
let ana: Credentials;
let bo: Credentials;
const clients: MqttClient[] = [];

async function connect(who: Partial<IClientOptions>): Promise<MqttClient> {
  const options = { protocolVersion: 4, reconnectPeriod: 0, ...who } as const;
  const client = await mqtt.connectAsync(url, options, false);
  client.on("error", () => undefined);
  clients.push(client);
  return client;
}

const as = (
  { deviceId, token }: Credentials,
  more: Partial<IClientOptions> = {},
): Partial<IClientOptions> => ({
  ...{ clientId: deviceId, username: deviceId, password: token },
  ...more,
});

/** Everything that the client gets from now on, as `topic`. */
function heardBy(client: MqttClient): string[] {
  const topics: string[] = [];
  client.on("message", (topic) => topics.push(topic));
  return topics;
}

/** MQTT keeps the order of one connection: what was said before this on it has been heard, or never will be. */
async function mark(from: MqttClient, to: MqttClient, topic: string): Promise<void> {
  const marker = `mark ${clients.length} ${Math.round(performance.now())}`;
  const arrived = new Promise<void>((resolve) => {
    to.on("message", (_, payload) => payload.toString() === marker && resolve());
  });
  await from.publishAsync(topic, marker, { qos: 1 });
  await arrived;
}

/** The code of a refused CONNECT: 4 is a bad password, 5 what one may not. */
async function refusal(who: Partial<IClientOptions>): Promise<unknown> {
  return connect(who).then(
    () => "connected",
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
}

beforeAll(async () => {
  if (program === undefined) return;
  directory = await mkdtemp(join(tmpdir(), "fedge-guarded-"));
  const port = await freePort();
  url = `mqtt://127.0.0.1:${port}`;
  const moreAccess = `user ${OBSERVER.username}\ntopic readwrite #`;
  broker = new GuardedMosquitto({ program, directory, port, tenant: TENANT, moreAccess });
  for (const { username, password } of [SERVER, OBSERVER]) broker.know(username, password);
  await broker.start();
  const credentials = `${SERVER.username}:${encodeURIComponent(SERVER.password)}`;
  const state = { stateDirectory: join(directory, "server"), logLevel: "silent" } as const;
  const brokerUrl = `mqtt://${credentials}@127.0.0.1:${port}`;
  server = await startServer({ host: "127.0.0.1", httpPort: 0, mqttPort: 0, brokerUrl, ...state });
  [ana, bo] = [await enrol(server.httpUrl), await enrol(server.httpUrl)];
  for (const device of [ana, bo]) broker.know(device.deviceId, device.token);
  await broker.reload();
  observer = await connect(OBSERVER);
  await observer.subscribeAsync("#", { qos: 1 });
});

afterEach(() => {
  for (const client of clients.splice(1)) client.end(true);
});

afterAll(async () => {
  if (program === undefined) return;
  await observer.endAsync(true);
  await server.close();
  await broker.stop();
  await rm(directory, { recursive: true, force: true });
});

withBroker("a device that the operator's broker knows is heard, and reads what is said to it", async () => {
  const device = await HostileDevice.connect(ana);

  await eventually("the device to be online", async () =>
    (await server.service.getDevice(ana.deviceId)).presence === "online" ? true : undefined,
  );
  const own = heardBy(await connect(as(bo)));
  const reader = clients.at(-1) as MqttClient;
  await reader.subscribeAsync(deviceTopic(TENANT, bo.deviceId, "desired"), { qos: 1 });
  await mark(observer, reader, deviceTopic(TENANT, bo.deviceId, "desired"));
  expect(own).toContain(deviceTopic(TENANT, bo.deviceId, "desired"));
  device.destroy();
});

withBroker("I10: devices are told where the broker is, and not how the server signs in there", () => {
  expect(ana.brokerUrl).toBe(url);
  expect(server.mqttUrl).toBe(url);
});

withBroker("I10: no device speaks as another one, as the server or in another tenant", async () => {
  const channels = [...DEVICE_UP_CHANNELS, ...DEVICE_DOWN_CHANNELS];
  const topics = [
    ...channels.map((channel) => deviceTopic(TENANT, bo.deviceId, channel)),
    uploadTopic(TENANT, bo.deviceId, 0),
    ...DEVICE_DOWN_CHANNELS.map((channel) => deviceTopic(TENANT, ana.deviceId, channel)),
    ...[serverStateTopic(TENANT), metaTopic(TENANT, "timestamp"), metaTopic(TENANT, "root")],
    blobTopic(TENANT, HASH, 0),
    ...channels.map((channel) => deviceTopic(OTHER_TENANT, ana.deviceId, channel)),
    serverStateTopic(OTHER_TENANT),
    "$SYS/broker/uptime",
  ];
  const heard = heardBy(observer);
  const client = await connect(as(ana));

  for (const topic of topics) await client.publishAsync(topic, "a lie", { qos: 1, retain: true });
  await mark(client, observer, deviceTopic(TENANT, ana.deviceId, "report"));

  expect(heard.filter((topic) => topics.includes(topic))).toEqual([]);
  expect((await fetch(`${server.httpUrl}/healthz`)).status).toBe(200);
});

withBroker("I10: no device reads what is said to or by another one, whatever it subscribes to", async () => {
  const own = deviceTopic(TENANT, ana.deviceId, "cmd");
  const secret = [
    ...[...DEVICE_UP_CHANNELS, ...DEVICE_DOWN_CHANNELS].map((name) => deviceTopic(TENANT, bo.deviceId, name)),
    uploadTopic(TENANT, bo.deviceId, 0),
    ...DEVICE_DOWN_CHANNELS.map((channel) => deviceTopic(OTHER_TENANT, ana.deviceId, channel)),
    blobTopic(OTHER_TENANT, HASH, 0),
  ];
  const client = await connect(as(ana));
  const heard = heardBy(client);
  const filters = ["#", "+/#", `fedge/1/${TENANT}/d/+/desired`, `$share/x/fedge/1/${TENANT}/d/#`, ...secret];
  // Retained before it subscribes, and said again after: mosquitto grants the filter and keeps the messages.
  for (const topic of secret) await observer.publishAsync(topic, "not for ana", { qos: 1, retain: true });

  for (const filter of filters) await client.subscribeAsync(filter, { qos: 1 }).catch(() => undefined);
  for (const topic of secret) await observer.publishAsync(topic, "not for ana", { qos: 1 });
  await mark(observer, client, own);

  expect(heard).toContain(own);
  expect(heard.filter((topic) => secret.includes(topic))).toEqual([]);
  for (const topic of secret) await observer.publishAsync(topic, "", { qos: 1, retain: true });
});

withBroker("I10: nobody connects in another one's name", async () => {
  const stays = await connect(as(bo));

  expect(await refusal(as(ana, { username: bo.deviceId }))).toBe(5);
  expect(await refusal(as(ana, { username: SERVER.username, clientId: "fedge-aggregator-default" }))).toBe(5);
  expect(await refusal({ clientId: ana.deviceId })).toBe(5);
  // A borrowed client id alone is replaced by the user name, so that its owner is not thrown out.
  expect(await refusal(as(ana, { clientId: bo.deviceId }))).toBe("connected");
  await mark(stays, observer, deviceTopic(TENANT, bo.deviceId, "report"));
});

withBroker("I10: a will is said on the device's own topic, and on nobody else's", async () => {
  const own = deviceTopic(TENANT, ana.deviceId, "state");
  const foreign = [deviceTopic(TENANT, bo.deviceId, "state"), serverStateTopic(TENANT)];
  const heard = heardBy(observer);

  // The next connection in the same name ends the one before, whose will is then said or kept back.
  for (const topic of [...foreign, own]) {
    await connect(as(ana, { will: { topic, payload: Buffer.from("gone"), qos: 1, retain: false } }));
  }
  await mark(await connect(as(ana)), observer, deviceTopic(TENANT, ana.deviceId, "report"));

  expect(heard).toContain(own);
  expect(heard.filter((topic) => foreign.includes(topic))).toEqual([]);
});
