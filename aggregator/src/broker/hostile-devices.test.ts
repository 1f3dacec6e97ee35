import {
  DEVICE_DOWN_CHANNELS,
  DEVICE_UP_CHANNELS,
  blobTopic,
  deviceTopic,
  metaTopic,
  serverStateTopic,
  sha256,
  uploadTopic,
  type DeviceId,
} from "@fedge/protocol";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { IClientOptions, MqttClient } from "mqtt";
import mqttPacket, { type Packet } from "mqtt-packet";
import * as z from "zod/mini";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDeviceTokens } from "../identity/device-tokens.js";
import { createSystemClock } from "../clock/system-clock.js";
import { ManualClock } from "../clock/manual-clock.js";
import {
  TENANT,
  closed,
  newDeviceId,
  nextMessage,
  openTestBroker,
  received,
  refusalOf,
  subscribeCodes,
  tenantOf,
  type TestBroker,
} from "./testing/broker-fixture.js";

const HASH = z.parse(sha256, "a".repeat(64));

let server: TestBroker;
beforeEach(async () => {
  server = await openTestBroker();
});
afterEach(() => server.close());

/** Proof that the broker serves: a device comes, speaks and is acknowledged. */
async function expectServing(): Promise<void> {
  const device = await server.newDevice();
  const client = await device.connect();
  await client.publishAsync(deviceTopic(TENANT, device.deviceId, "report"), "well", { qos: 1 });
  expect(client.connected).toBe(true);
}

/** Bytes that the client library itself would refuse to send. */
function send(client: MqttClient, packet: Packet | Buffer): void {
  client.stream.write(Buffer.isBuffer(packet) ? packet : mqttPacket.generate(packet));
}

function publishBytes(topic: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from([topic.length >> 8, topic.length & 0xff]), topic]);
  const length: number[] = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push((rest & 0x7f) | (rest > 127 ? 0x80 : 0));
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), body]);
}

describe("S12: a will that a device may not leave", () => {
  const wills: readonly [string, (id: DeviceId) => NonNullable<IClientOptions["will"]>][] = [
    ["on another device's topic", () => will(deviceTopic(TENANT, newDeviceId(), "state"))],
    ["on another tenant's topic", (id) => will(`fedge/1/umbrella/d/${id}/state`)],
    ["on a topic of the server", () => will(serverStateTopic(TENANT))],
    ["on its own orders", (id) => will(deviceTopic(TENANT, id, "desired"))],
    ["on $SYS", () => will("$SYS/broker/uptime")],
    ["on a shared subscription's name", (id) => will(`$share/x/fedge/1/acme/d/${id}/state`)],
    ["retained on a channel that retains nothing", (id) => will(deviceTopic(TENANT, id, "report"))],
    ["larger than what may be retained", (id) => will(deviceTopic(TENANT, id, "state"), 4097)],
  ];
  const will = (topic: string, size = 1): NonNullable<IClientOptions["will"]> => ({
    ...{ topic, payload: Buffer.alloc(size, "x"), qos: 1, retain: true },
  });

  test.each(wills)("S12: %s is refused with the connection, and never said", async (_name, make) => {
    const device = await server.newDevice();
    const messages = await received(server, "#");

    expect(await refusalOf(device.options({ will: make(device.deviceId) }))).toBe(5);
    await expectServing();
    expect(messages.filter((message) => !message.endsWith(" well"))).toEqual([]);
  });
});

describe("I10: another tenant's bytes and topics", () => {
  const UMBRELLA = tenantOf("umbrella");
  const topicsOf = (id: DeviceId): string[] => [
    ...[...DEVICE_UP_CHANNELS, ...DEVICE_DOWN_CHANNELS].map((channel) => deviceTopic(UMBRELLA, id, channel)),
    uploadTopic(UMBRELLA, id, 0),
    blobTopic(UMBRELLA, HASH, 0),
    metaTopic(UMBRELLA, "timestamp"),
    serverStateTopic(UMBRELLA),
  ];

  test("I10: no device publishes to a topic of another tenant, its own name in it or not", async () => {
    const device = await server.newDevice();
    const messages = await received(server, "#");
    const client = await device.connect();
    const topics = [...topicsOf(device.deviceId), ...topicsOf(newDeviceId())];

    for (const topic of topics) await client.publishAsync(topic, "x", { qos: 1 });

    expect(server.refusals).toEqual(topics.map(() => "publish/ACCESS_DENIED"));
    expect(messages).toEqual([]);
  });

  test("I10: no device subscribes to a topic of another tenant, its own name in it or not", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const topics = [...new Set([...topicsOf(device.deviceId), ...topicsOf(newDeviceId())])];
    const codes = subscribeCodes(client);

    client.subscribe(topics, { qos: 1 }, () => undefined);

    expect(await codes).toEqual(topics.map(() => 0x80));
  });

  test("I10: a token of another tenant opens nothing, though the same secret made it", async () => {
    const secret = new Uint8Array(32).fill(7);
    const foreign = createDeviceTokens({ secret, tenantId: UMBRELLA, clock: createSystemClock() });
    const device = await server.newDevice();
    const { token } = await foreign.issue(device.deviceId);

    expect(await refusalOf(device.options({ password: token }))).toBe(4);
  });
});

describe("S13: a client id that is another device's", () => {
  test.each([
    ["its client id", (ana: DeviceId) => ({ clientId: ana })],
    ["its user name", (ana: DeviceId) => ({ username: ana })],
    ["its client id and user name", (ana: DeviceId) => ({ clientId: ana, username: ana })],
  ])("S13: %s with one's own token is refused, and the device stays connected", async (_name, change) => {
    const [ana, bo] = [await server.newDevice(), await server.newDevice()];
    const client = await ana.connect();
    const command = deviceTopic(TENANT, ana.deviceId, "cmd");
    await client.subscribeAsync(command, { qos: 1 });
    const arrived = nextMessage(client);

    const code = await refusalOf(bo.options(change(ana.deviceId)));
    await server.broker.transport.publish(command, Buffer.from("still here"), { retain: false, qos: 1 });

    expect([code, (await arrived).payload.toString()]).toEqual([5, "still here"]);
    expect(server.refusals).toEqual(["connect/ACCESS_DENIED"]);
  });
});

describe("S14: a live session whose device may be here no longer", () => {
  test("S14: ends at the first check after its token expires", async () => {
    const clock = new ManualClock();
    await server.close();
    server = await openTestBroker({ clock, expiryCheckMs: 30_000 });
    const device = await server.newDevice();
    const client = await device.connect();
    const gone = closed(client);

    clock.advance(3_600_000 - 1000);
    const stillThere = server.broker.numConnected();
    clock.advance(31_000);
    await gone;

    expect(stillThere).toBe(1);
    expect(server.refusals).toEqual(["session/TOKEN_EXPIRED"]);
  });

  test("S14: ends at once when the device is taken out", async () => {
    const [ana, bo] = [await server.newDevice(), await server.newDevice()];
    const [client, bystander] = [await ana.connect(), await bo.connect()];
    const gone = closed(client);

    server.broker.disconnect(ana.deviceId);
    await gone;

    expect([server.broker.numConnected(), bystander.connected]).toEqual([1, true]);
  });

  test("S14: ends also when the device was taken out while it was being let in", async () => {
    await server.close();
    let [asked, open] = [(): void => undefined, (): void => undefined];
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const isOpen = new Promise<void>((resolve) => (open = resolve));
    server = await openTestBroker({
      verifyClaims: async (token) => {
        const claims = await server.tokens.verify(token);
        asked();
        await isOpen;
        return claims;
      },
    });
    const device = await server.newDevice();
    const entered = device.connect().then(
      () => true,
      () => false,
    );
    await isAsked;

    server.broker.disconnect(device.deviceId);
    open();

    expect(await entered).toBe(false);
    expect(server.broker.numConnected()).toBe(0);
  });
});

describe("S15: what would overwhelm a careless broker", () => {
  const topics: readonly [string, Buffer][] = [
    ["a topic of 65,535 bytes", Buffer.alloc(65_535, "a")],
    ["a topic with NUL", Buffer.from("fedge/1/acme\0/d/x/report")],
    ["a topic that is no UTF-8", Buffer.from([0x66, 0xc3, 0x28, 0xff, 0xfe])],
    ["a topic with half a surrogate pair", Buffer.from([0xed, 0xa0, 0x80])],
    ["a topic without a character", Buffer.alloc(0)],
    ["a topic with wildcards", Buffer.from("fedge/1/acme/d/+/#")],
  ];
  test.each(topics)("S15: %s goes nowhere, and everybody else is served", async (_name, topic) => {
    const messages = await received(server, "#");
    const device = await server.newDevice();
    const client = await device.connect();

    send(client, publishBytes(topic));
    await Promise.race([
      server.refused("publish/TOPIC_INVALID"),
      server.refused("packet/MESSAGE_MALFORMED"),
      closed(client),
    ]);

    await expectServing();
    expect(messages.filter((message) => !message.endsWith(" well"))).toEqual([]);
  });

  const publish = (client: MqttClient, topic: string): void => void client.publish(topic, "x");
  const subscribe = (client: MqttClient, topic: string): void =>
    void client.subscribe(topic, () => undefined);
  test.each([
    ["publish", 13, publish],
    ["publish", 101, publish],
    ["subscribe", 13, subscribe],
    ["subscribe", 101, subscribe],
  ])("S15: to %s with %i levels ends the connection, and only that one", async (_name, numLevels, act) => {
    const device = await server.newDevice();
    const client = await device.connect();
    const gone = closed(client);

    act(client, Array.from({ length: numLevels }, () => "a").join("/"));
    await gone;

    expect(server.refusals).toEqual(["packet/MESSAGE_MALFORMED"]);
    await expectServing();
  });

  test("S15: of thousands of subscriptions 256 are granted, and who goes on asking is cut off", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const gone = closed(client);
    const subscriptions = Array.from({ length: 356 }, (_, block) => ({
      ...{ topic: blobTopic(TENANT, HASH, block), qos: 1 as const },
    }));

    send(client, { cmd: "subscribe", messageId: 1, subscriptions });
    await gone;

    expect(server.refusals).toEqual(Array.from({ length: 100 }, () => "subscribe/RATE_LIMITED"));
    await expectServing();
  });

  test("S15: a subscription beyond 256 at once is answered with 0x80, and granted again after unsubscribing", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const blocks = Array.from({ length: 256 }, (_, block) => blobTopic(TENANT, HASH, block));
    await client.subscribeAsync(blocks, { qos: 1 });
    const codes = subscribeCodes(client);
    client.subscribe(serverStateTopic(TENANT), { qos: 1 }, () => undefined);
    expect(await codes).toEqual([0x80]);

    await client.unsubscribeAsync(blocks[0] ?? "");
    const [granted] = await client.subscribeAsync(serverStateTopic(TENANT), { qos: 1 });

    expect(granted?.qos).toBe(1);
  });

  test("S15: ten thousand retained messages of a device are one", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const state = deviceTopic(TENANT, device.deviceId, "state");

    for (let index = 0; index < 9999; index += 1) client.publish(state, `${index}`, { qos: 0, retain: true });
    await client.publishAsync(state, "last", { qos: 1, retain: true });

    expect(await received(server, "#")).toEqual([`${state} last`]);
  });
});

describe("S16: a device that reads nothing", () => {
  test("S16: is disconnected for what it leaves unread, and delays nobody", async () => {
    const [frozen, lively] = [await server.newDevice(), await server.newDevice()];
    const [frozenClient, livelyClient] = [await frozen.connect(), await lively.connect()];
    const frozenTopic = deviceTopic(TENANT, frozen.deviceId, "cmd");
    const livelyTopic = deviceTopic(TENANT, lively.deviceId, "cmd");
    await frozenClient.subscribeAsync(frozenTopic, { qos: 1 });
    await livelyClient.subscribeAsync(livelyTopic, { qos: 1 });
    (frozenClient.stream as Socket).pause();
    const arrived = nextMessage(livelyClient);

    // More than the sockets' buffers hold, and more messages than a bounded emitter would take.
    for (let index = 0; index < 300; index += 1) {
      await server.broker.transport.publish(frozenTopic, Buffer.alloc(120 * 1024), { retain: false, qos: 1 });
      await setImmediate();
    }
    await server.broker.transport.publish(livelyTopic, Buffer.from("hello"), { retain: false, qos: 1 });

    expect((await arrived).payload.toString()).toBe("hello");
    await server.refused("session/RATE_LIMITED");
  });

  test("S16: holds nobody up while it is still connected, and is cut off after the drain timeout", async () => {
    await server.close();
    server = await openTestBroker({ drainTimeoutMs: 1000 });
    const [frozen, lively] = [await server.newDevice(), await server.newDevice()];
    const [frozenClient, livelyClient] = [await frozen.connect(), await lively.connect()];
    const frozenTopic = deviceTopic(TENANT, frozen.deviceId, "cmd");
    const livelyTopic = deviceTopic(TENANT, lively.deviceId, "cmd");
    await frozenClient.subscribeAsync(frozenTopic, { qos: 1 });
    await livelyClient.subscribeAsync(livelyTopic, { qos: 1 });
    const gone = closed(frozenClient);
    (frozenClient.stream as Socket).pause();
    // More than the sockets' buffers hold, and less than would end the connection by itself.
    const block = Buffer.alloc(24 * 1024);
    for (let index = 0; index < 300; index += 1)
      void server.broker.transport.publish(frozenTopic, block, { retain: false, qos: 1 });

    const arrived: string[] = [];
    for (let index = 0; index < 10; index += 1) {
      const next = nextMessage(livelyClient);
      void server.broker.transport.publish(livelyTopic, Buffer.from(`${index}`), { retain: false, qos: 1 });
      arrived.push((await next).payload.toString());
    }
    const connectedMeanwhile = server.broker.numConnected();
    await server.refused("packet/DEADLINE_EXCEEDED");
    (frozenClient.stream as Socket).resume();
    await gone;

    expect([arrived.join(""), connectedMeanwhile]).toEqual(["0123456789", 2]);
    expect([server.broker.numConnected(), livelyClient.connected]).toEqual([1, true]);
  });
});
