import { MAX_MESSAGE_BYTES, deviceTopic } from "@fedge/protocol";
import mqtt, { type IConnackPacket } from "mqtt";
import { createConnection, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  TENANT,
  closed,
  newDeviceId,
  openTestBroker,
  received,
  refusalOf,
  type TestBroker,
} from "./testing/broker-fixture.js";

let server: TestBroker;
beforeEach(async () => {
  server = await openTestBroker();
});
afterEach(() => server.close());

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
    const messages = await received(server, "#");
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
    expect(await received(server, state)).toEqual([`${state} lost`]);
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
