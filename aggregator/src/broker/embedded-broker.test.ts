import { blobTopic, deviceTopic, sha256 } from "@fedge/protocol";
import { createConnection, createServer } from "node:net";
import { once } from "node:events";
import * as z from "zod/mini";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import { openEmbeddedBroker } from "./embedded-broker.js";
import {
  TENANT,
  closed,
  nextMessage,
  openTestBroker,
  received,
  refusalOf,
  type TestBroker,
} from "./testing/broker-fixture.js";

const HASH = z.parse(sha256, "a".repeat(64));
const ONLINE = Buffer.from("online");

let server: TestBroker;
beforeEach(async () => {
  server = await openTestBroker();
});
afterEach(() => server.close());

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
});

describe("a session", () => {
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
    const messages = await received(server, "#");
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
