import {
  MAX_MESSAGE_BYTES,
  blobTopic,
  deviceTopic,
  serverStateTopic,
  sha256,
  uploadTopic,
} from "@fedge/protocol";
import mqtt, { type IConnackPacket, type MqttClient } from "mqtt";
import { createConnection, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import * as z from "zod/mini";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import {
  TENANT,
  closed,
  newDeviceId,
  nextMessage,
  openTestBroker,
  tenantOf,
  type TestBroker,
} from "./testing/broker-fixture.js";
import { openEmbeddedBroker } from "./embedded-broker.js";

const HASH = z.parse(sha256, "a".repeat(64));
const ONLINE = Buffer.from("online");

let server: TestBroker;
beforeEach(async () => {
  server = await openTestBroker();
});
afterEach(() => server.close());

/** Messages that the aggregator got, in order, as `topic payload`. */
async function received(filter: string): Promise<string[]> {
  const messages: string[] = [];
  await server.broker.transport.subscribe(filter, (topic, payload) => {
    messages.push(`${topic} ${Buffer.from(payload).toString()}`);
  });
  return messages;
}

/** Return code of a connection that must be refused. */
async function refusalOf(options: mqtt.IClientOptions): Promise<number> {
  const client = mqtt.connect({ ...options, reconnectPeriod: 0 });
  try {
    const error = await new Promise<Error>((resolve) => client.once("error", resolve));
    return (error as Error & { code: number }).code;
  } finally {
    client.end(true);
  }
}

describe("a device's messages", () => {
  test("on each of its up channels and upload topics reach the aggregator in order", async () => {
    const device = await server.newDevice();
    const messages = await received("#");
    const client = await device.connect();
    const topics = [
      ...(["birth", "state", "report", "metrics", "fl/up", "rpc/req"] as const).map((channel) =>
        deviceTopic(TENANT, device.deviceId, channel),
      ),
      uploadTopic(TENANT, device.deviceId, 255),
    ];

    await Promise.all(
      topics.map((topic, index) => client.publishAsync(topic, `${index}`, { qos: index % 2 ? 1 : 0 })),
    );
    await client.publishAsync(topics[0] ?? "", "last", { qos: 1 });

    expect(messages).toEqual([...topics.map((topic, index) => `${topic} ${index}`), `${topics[0]} last`]);
  });

  test("retained and ordinary ones of one packet burst keep their order", async () => {
    const device = await server.newDevice();
    const messages = await received("#");
    const client = await device.connect();
    const state = deviceTopic(TENANT, device.deviceId, "state");
    const report = deviceTopic(TENANT, device.deviceId, "report");

    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        client.publishAsync(index % 3 === 0 ? state : report, `${index}`, {
          qos: 1,
          retain: index % 3 === 0,
        }),
      ),
    );

    expect(messages.map((message) => Number(message.split(" ")[1]))).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  test("also arrive over WebSocket at /mqtt", async () => {
    const device = await server.newDevice();
    const messages = await received("#");
    const url = `ws://127.0.0.1:${server.webSocketPort}/mqtt`;
    const client = await mqtt.connectAsync(url, {
      ...device.options(),
      protocol: "ws",
      port: server.webSocketPort,
    });
    const topic = deviceTopic(TENANT, device.deviceId, "report");

    await client.publishAsync(topic, Buffer.alloc(MAX_MESSAGE_BYTES, "x"), { qos: 1 });

    expect(messages).toEqual([`${topic} ${"x".repeat(MAX_MESSAGE_BYTES)}`]);
    client.end(true);
  });

  const notItsOwn: readonly [string, (deviceId: string) => { topic: string; retain?: boolean }, string][] = [
    [
      "to another device's topic",
      () => ({ topic: deviceTopic(TENANT, newDeviceId(), "report") }),
      "ACCESS_DENIED",
    ],
    [
      "to another device's uploads",
      () => ({ topic: uploadTopic(TENANT, newDeviceId(), 0) }),
      "ACCESS_DENIED",
    ],
    ["to its own down channel", (id) => ({ topic: `fedge/1/acme/d/${id}/desired` }), "ACCESS_DENIED"],
    ["to another tenant", (id) => ({ topic: `fedge/1/umbrella/d/${id}/report` }), "ACCESS_DENIED"],
    ["to a blob", () => ({ topic: blobTopic(TENANT, HASH, 0) }), "ACCESS_DENIED"],
    ["as the server", () => ({ topic: serverStateTopic(TENANT) }), "ACCESS_DENIED"],
    ["to $SYS", () => ({ topic: "$SYS/broker/uptime" }), "TOPIC_INVALID"],
    ["outside the protocol", () => ({ topic: "hello" }), "TOPIC_INVALID"],
    [
      "to an upload shard that does not exist",
      (id) => ({ topic: `fedge/1/acme/d/${id}/fl/blk/256` }),
      "TOPIC_INVALID",
    ],
    [
      "retained on another channel than state",
      (id) => ({ topic: `fedge/1/acme/d/${id}/report`, retain: true }),
      "ACCESS_DENIED",
    ],
  ];
  test.each(notItsOwn)("%s are acknowledged, counted and go nowhere", async (_name, request, code) => {
    const device = await server.newDevice();
    const messages = await received("#");
    const client = await device.connect();
    const { topic, retain = false } = request(device.deviceId);

    await client.publishAsync(topic, "x", { qos: 1, retain });
    await client.publishAsync(deviceTopic(TENANT, device.deviceId, "report"), "after", { qos: 1 });

    expect(messages).toEqual([`${deviceTopic(TENANT, device.deviceId, "report")} after`]);
    expect(server.refusals).toEqual([`publish/${code}`]);
    expect(await received(topic.startsWith("$") ? "$SYS/#" : topic)).toEqual([]);
  });

  test("that retain more than 4 KiB of state are refused", async () => {
    const device = await server.newDevice();
    const messages = await received("#");
    const client = await device.connect();

    await client.publishAsync(deviceTopic(TENANT, device.deviceId, "state"), Buffer.alloc(4097), {
      qos: 1,
      retain: true,
    });

    expect(messages).toEqual([]);
    expect(server.refusals).toEqual(["publish/MESSAGE_TOO_LARGE"]);
  });

  test("are no longer taken after a hundred refusals", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const gone = closed(client);

    for (let index = 0; index < 100; index += 1) client.publish("hello", "x", { qos: 0 });
    await gone;

    expect(
      server.refusals.filter((refusal) => refusal === "publish/TOPIC_INVALID").length,
    ).toBeGreaterThanOrEqual(100);
  });
});

describe("a subscription", () => {
  test("to each of a device's down channels, blocks and the server's state is granted", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const topics = [
      ...(["desired", "cmd", "fl/dn", "rpc/res"] as const).map((channel) =>
        deviceTopic(TENANT, device.deviceId, channel),
      ),
      blobTopic(TENANT, HASH, 4095),
      serverStateTopic(TENANT),
    ];

    const granted = await client.subscribeAsync(topics, { qos: 1 });

    expect(granted.map((grant) => grant.qos)).toEqual(topics.map(() => 1));
  });

  const refusedFilters: readonly [string, (deviceId: string) => string][] = [
    ["#", () => "#"],
    ["$SYS/#", () => "$SYS/#"],
    ["a shared subscription", () => "$share/x/#"],
    ["a wildcard in its own branch", (id) => `fedge/1/acme/d/${id}/#`],
    ["one level as wildcard", (id) => `fedge/1/acme/d/${id}/+`],
    ["every block of a blob", () => `fedge/1/acme/blob/${HASH}/+`],
    ["another device's commands", () => deviceTopic(TENANT, newDeviceId(), "cmd")],
    ["another device's reports", () => deviceTopic(TENANT, newDeviceId(), "report")],
    ["its own reports", (id) => `fedge/1/acme/d/${id}/report`],
    ["its own uploads", (id) => `fedge/1/acme/d/${id}/fl/blk/0`],
    ["another tenant's state", () => serverStateTopic(tenantOf("umbrella"))],
    ["another tenant's blobs", () => blobTopic(tenantOf("umbrella"), HASH, 0)],
  ];
  test.each(refusedFilters)("to %s is answered with 0x80", async (_name, filter) => {
    const device = await server.newDevice();
    const client = await device.connect();
    const codes = subscribeCodes(client);

    client.subscribe(filter(device.deviceId), { qos: 1 }, () => undefined);

    expect(await codes).toEqual([0x80]);
    expect(client.connected).toBe(true);
  });

  test("beyond 256 at once is answered with 0x80, and granted again after unsubscribing", async () => {
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
});

/** Codes of the next SUBACK. */
function subscribeCodes(client: MqttClient): Promise<number[]> {
  return new Promise((resolve) => {
    client.on("packetreceive", (packet) => {
      if (packet.cmd === "suback") resolve(packet.granted as number[]);
    });
  });
}

describe("a connection", () => {
  test("with a wrong token is refused as bad user name or password", async () => {
    const device = await server.newDevice();

    expect(await refusalOf(device.options({ password: "nonsense" }))).toBe(4);
    expect(server.refusals).toEqual(["connect/TOKEN_INVALID"]);
  });

  test("without user name and password is refused", async () => {
    expect(await refusalOf({ host: "127.0.0.1", port: server.port, clientId: newDeviceId() })).toBe(4);
  });

  test("with an empty client id is refused", async () => {
    const device = await server.newDevice();

    expect(await refusalOf(device.options({ clientId: "", clean: true }))).toBe(5);
  });

  test("under another device's client id is refused, and that device stays connected", async () => {
    const [ana, bo] = [await server.newDevice(), await server.newDevice()];
    const client = await ana.connect();

    const code = await refusalOf(bo.options({ clientId: ana.deviceId }));
    await client.publishAsync(deviceTopic(TENANT, ana.deviceId, "report"), "still here", { qos: 1 });

    expect(code).toBe(5);
    expect(server.broker.numConnected()).toBe(1);
  });

  test("with another device's user name is refused", async () => {
    const [ana, bo] = [await server.newDevice(), await server.newDevice()];

    expect(await refusalOf(bo.options({ username: ana.deviceId }))).toBe(5);
  });

  test("with a will on another device's topic is refused", async () => {
    const device = await server.newDevice();
    const will = {
      topic: deviceTopic(TENANT, newDeviceId(), "state"),
      payload: ONLINE,
      qos: 1 as const,
      retain: true,
    };

    expect(await refusalOf(device.options({ will }))).toBe(5);
  });

  test("speaking MQTT 5 is refused by protocol version", async () => {
    const device = await server.newDevice();

    expect(await refusalOf(device.options({ protocolVersion: 5 }))).toBe(1);
  });

  test("keeps no session, whatever it asks for", async () => {
    const device = await server.newDevice();
    const command = deviceTopic(TENANT, device.deviceId, "cmd");
    const first = await device.connect({ clean: false });
    await first.subscribeAsync(command, { qos: 1 });
    await first.endAsync();
    await server.broker.transport.publish(command, Buffer.from("missed"), { retain: false, qos: 1 });

    const second = mqtt.connect(device.options({ clean: false }));
    const connack = await new Promise<IConnackPacket>((resolve) => second.once("connect", resolve));

    expect(connack.sessionPresent).toBe(false);
    second.end(true);
  });

  test("of the same device replaces the older one, whose will is heard first", async () => {
    const device = await server.newDevice();
    const messages = await received("#");
    const state = deviceTopic(TENANT, device.deviceId, "state");
    const first = await device.connect({
      will: { topic: state, payload: Buffer.from("lost 1"), qos: 1, retain: true },
    });
    const gone = closed(first);

    const second = await device.connect();
    await second.publishAsync(state, "online 2", { qos: 1, retain: true });
    await gone;

    expect(messages).toEqual([`${state} lost 1`, `${state} online 2`]);
    expect(server.broker.numConnected()).toBe(1);
  });

  test("that dies is followed by its will, retained", async () => {
    const device = await server.newDevice();
    const state = deviceTopic(TENANT, device.deviceId, "state");
    const arrived = new Promise((resolve) => {
      void server.broker.transport.subscribe(state, (_topic, payload) =>
        resolve(Buffer.from(payload).toString()),
      );
    });
    const client = await device.connect({
      will: { topic: state, payload: Buffer.from("lost"), qos: 1, retain: true },
    });

    client.stream.destroy();

    expect(await arrived).toBe("lost");
    expect(await received(state)).toEqual([`${state} lost`]);
  });
});

describe("hostile bytes", () => {
  async function connectRaw(): Promise<Socket> {
    const socket = createConnection(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  }

  test("that announce an oversized first packet end the connection", async () => {
    const socket = await connectRaw();
    // CONNECT, remaining length 2^20.
    socket.write(Buffer.from([0x10, 0x80, 0x80, 0x40]));

    await once(socket, "close");

    expect(server.refusals).toEqual(["packet/MESSAGE_TOO_LARGE"]);
  });

  test("that publish more than a message may have end the connection", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const gone = closed(client);

    client.publish(deviceTopic(TENANT, device.deviceId, "report"), Buffer.alloc(MAX_MESSAGE_BYTES + 2048), {
      qos: 0,
    });
    await gone;

    expect(server.refusals).toEqual(["packet/MESSAGE_TOO_LARGE"]);
  });

  test("that publish with QoS 2 end the connection", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const gone = closed(client);

    client.publish(deviceTopic(TENANT, device.deviceId, "report"), "x", { qos: 2 });
    await gone;

    expect(server.refusals).toEqual(["packet/MESSAGE_MALFORMED"]);
  });

  test.each([
    ["publish", (client: MqttClient, topic: string) => void client.publish(topic, "x")],
    ["subscribe", (client: MqttClient, topic: string) => void client.subscribe(topic, () => undefined)],
  ])("that %s to more than twelve levels end the connection", async (_name, act) => {
    const device = await server.newDevice();
    const client = await device.connect();
    const gone = closed(client);

    act(client, Array.from({ length: 200 }, () => "a").join("/"));
    await gone;

    expect(server.refusals).toEqual(["packet/MESSAGE_MALFORMED"]);
  });

  test("that acknowledge and release packets which never were leave the broker working", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    // PUBACK, PUBREC, PUBREL and PUBCOMP for packet 99.
    for (const type of [0x40, 0x50, 0x62, 0x70]) client.stream.write(Buffer.from([type, 2, 0, 99]));

    await client.publishAsync(deviceTopic(TENANT, device.deviceId, "report"), "x", { qos: 1 });

    expect(client.connected).toBe(true);
  });

  test("that are no MQTT at all end the connection", async () => {
    const socket = await connectRaw();
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");

    await once(socket, "close");

    expect(server.broker.numConnected()).toBe(0);
  });

  test("that never come end the connection after the connect timeout", async () => {
    await server.close();
    server = await openTestBroker({ connectTimeoutMs: 50 });
    const socket = await connectRaw();

    await once(socket, "close");

    expect(server.refusals).toEqual(["packet/DEADLINE_EXCEEDED"]);
  });
});

describe("the aggregator's messages", () => {
  test("a retained block reaches a device that subscribes later, and an empty one clears it", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const [block0, block1] = [blobTopic(TENANT, HASH, 0), blobTopic(TENANT, HASH, 1)];
    const { transport } = server.broker;
    await transport.publish(block0, Buffer.from("zero"), { retain: true, qos: 1 });
    await transport.publish(block1, Buffer.from("one"), { retain: true, qos: 1 });
    await transport.publish(block0, new Uint8Array(0), { retain: true, qos: 1 });
    const arrived = nextMessage(client);

    await client.subscribeAsync([block0, block1], { qos: 1 });

    expect(await arrived).toEqual({ topic: block1, payload: Buffer.from("one") });
  });

  test("retained and ordinary ones published in one turn all arrive, in order", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const topics = [
      deviceTopic(TENANT, device.deviceId, "desired"),
      deviceTopic(TENANT, device.deviceId, "fl/dn"),
    ];
    await client.subscribeAsync(topics, { qos: 1 });
    const arrived: number[] = [];
    const all = new Promise<void>((resolve) =>
      client.on("message", (_topic, payload) => {
        if (arrived.push(Number(payload.toString())) === 100) resolve();
      }),
    );

    for (let index = 0; index < 100; index += 1) {
      const isRetained = index % 2 === 0;
      void server.broker.transport.publish(topics[isRetained ? 0 : 1] ?? "", Buffer.from(`${index}`), {
        retain: isRetained,
        qos: index % 3 === 0 ? 0 : 1,
      });
    }
    await all;

    expect(arrived).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  test("a device that reads nothing is disconnected and delays nobody", async () => {
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
});

describe("a session", () => {
  test("ends at the first check after its token expires", async () => {
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

  test("cannot begin with an expired token", async () => {
    const clock = new ManualClock();
    await server.close();
    server = await openTestBroker({ clock });
    const device = await server.newDevice();

    clock.advance(3_600_001);

    expect(await refusalOf(device.options())).toBe(4);
    expect(server.refusals).toEqual(["connect/TOKEN_EXPIRED"]);
  });
});

describe("the broker", () => {
  test("names the port and the option when its port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };

    const opening = openEmbeddedBroker({
      tenantId: TENANT,
      verifyClaims: (token) => server.tokens.verify(token),
      clock: new ManualClock(),
      counters: { count: () => undefined },
      logger: { warn: () => undefined, error: () => undefined },
      tcp: { host: "127.0.0.1", port },
    });

    await expect(opening).rejects.toMatchObject({ code: "PORT_TAKEN" });
    await expect(opening).rejects.toThrow(new RegExp(`${port}.*--mqtt-port`));
    await new Promise((resolve) => other.close(resolve));
  });

  test("disconnects its devices when it closes, without taking their wills for news", async () => {
    const device = await server.newDevice();
    const messages = await received("#");
    const will = {
      topic: deviceTopic(TENANT, device.deviceId, "state"),
      payload: Buffer.from("lost"),
      qos: 1 as const,
    };
    const client = await device.connect({ will: { ...will, retain: true } });
    const gone = closed(client);

    await server.broker.close();
    await server.broker.close();
    await gone;

    expect(messages).toEqual([]);
    await expect(
      server.broker.transport.publish(will.topic, ONLINE, { retain: false, qos: 1 }),
    ).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("counts the payload bytes of both directions", async () => {
    const device = await server.newDevice();
    const client = await device.connect();
    const command = deviceTopic(TENANT, device.deviceId, "cmd");
    await client.subscribeAsync(command, { qos: 1 });
    const arrived = nextMessage(client);

    await client.publishAsync(deviceTopic(TENANT, device.deviceId, "report"), Buffer.alloc(1000), { qos: 1 });
    await server.broker.transport.publish(command, Buffer.alloc(70), { retain: false, qos: 1 });
    await arrived;

    expect(server.broker.traffic()).toEqual({ bytesUp: 1000, bytesDown: 70 });
  });

  test("answers upgrades to other paths with 404", async () => {
    const socket = createConnection(server.webSocketPort, "127.0.0.1");
    socket.write(
      "GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );

    const [answer] = await once(socket, "data");

    expect(String(answer)).toMatch(/^HTTP\/1\.1 404/);
    socket.destroy();
  });
});
