import type { MqttClient } from "mqtt";
import mqtt from "mqtt";
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createSystemClock } from "../clock/system-clock.js";
import { openMqttServerTransport } from "./mqtt-server-transport.js";
import {
  TENANT,
  newDeviceId,
  nextMessage,
  openTestBroker,
  type TestBroker,
} from "./testing/broker-fixture.js";
import {
  describeServerTransport,
  type TransportHarness,
} from "./testing/conformance/server-transport-suite.js";
import { findMosquitto, startMosquitto } from "./testing/mosquitto.js";

const logger = { error: () => undefined };
const clock = createSystemClock();

/** A transport is the broker's only one here: another is another broker. */
async function embeddedHarness(): Promise<TransportHarness> {
  const servers: TestBroker[] = [];
  return {
    tenantId: TENANT,
    openTransport: async () => {
      const server = await openTestBroker();
      servers.push(server);
      return server.broker.transport;
    },
    connectDevice: async () => {
      const [server] = servers;
      if (server === undefined) throw new Error("open a transport first");
      const device = await server.newDevice();
      return { deviceId: device.deviceId, client: await device.connect() };
    },
    close: async () => {
      for (const server of servers) await server.close();
    },
  };
}

async function mosquittoHarness(program: string): Promise<TransportHarness> {
  const broker = await startMosquitto(program);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const clients: MqttClient[] = [];
  const closing: (() => Promise<void>)[] = [];
  return {
    tenantId: TENANT,
    openTransport: async () => {
      const transport = await openMqttServerTransport({ url, clientId: newDeviceId(), clock, logger });
      closing.push(() => transport.close());
      return transport;
    },
    connectDevice: async () => {
      const deviceId = newDeviceId();
      const client = await mqtt.connectAsync(url, {
        clientId: deviceId,
        protocolVersion: 4,
        reconnectPeriod: 0,
      });
      clients.push(client);
      return { deviceId, client };
    },
    close: async () => {
      for (const client of clients) client.end(true);
      for (const close of closing) await close();
      await broker.close();
    },
  };
}

describeServerTransport("the embedded broker", embeddedHarness);

const program = findMosquitto();
if (program === undefined) {
  test.skip("server transport over mosquitto: the program is not installed (package mosquitto)", () =>
    undefined);
} else {
  describeServerTransport("mosquitto", () => mosquittoHarness(program));

  describe("a transport whose connection breaks", () => {
    test("says so and refuses to publish, and the broker says its will", { timeout: 60_000 }, async () => {
      const broker = await startMosquitto(program);
      const line = await breakableLine(broker.port);
      const topic = "fedge/1/acme/srv/state";
      const will = { topic, payload: Buffer.from("offline") };
      const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 4 });
      await device.subscribeAsync(topic, { qos: 1 });
      const said = nextMessage(device);
      const url = `mqtt://127.0.0.1:${line.port}`;
      const transport = await openMqttServerTransport({ url, clientId: "aggregator", clock, logger, will });
      const lost = new Promise<boolean>((resolve) => transport.onState(resolve));

      line.break();

      expect(await lost).toBe(false);
      expect((await said).payload.toString()).toBe("offline");
      const publish = transport.publish(topic, Buffer.from("x"), { retain: true, qos: 1 });
      await expect(publish).rejects.toMatchObject({ code: "TRANSPORT_FAILED" });
      await transport.close();
      device.end(true);
      await broker.close();
    });
  });
}

/** A way to the port that can be cut. */
async function breakableLine(port: number): Promise<{ readonly port: number; break(): void }> {
  const sockets: Socket[] = [];
  const line = createServer((near) => {
    const far = createConnection(port, "127.0.0.1");
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => line.listen(0, "127.0.0.1", resolve));
  return {
    port: (line.address() as AddressInfo).port,
    break: () => {
      line.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe("a transport to a broker that it cannot use", () => {
  test("names the address when nothing listens there, without the password", async () => {
    const opening = openMqttServerTransport({
      url: "mqtt://u:s3cret@127.0.0.1:9",
      clientId: "a",
      clock,
      logger,
    });

    await expect(opening).rejects.toMatchObject({ code: "SERVER_UNREACHABLE" });
    await expect(opening).rejects.toThrow("mqtt://127.0.0.1:9:");
  });

  test("says that the credentials are refused when they are", async () => {
    const server = await openTestBroker();
    const url = `mqtt://127.0.0.1:${server.port}`;

    const opening = openMqttServerTransport({
      url,
      clientId: "a",
      username: "a",
      password: "b",
      clock,
      logger,
    });

    await expect(opening).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    await server.close();
  });

  test("says that a filter is refused when it is", async () => {
    const server = await openTestBroker();
    const { deviceId, token } = await server.newDevice();
    const url = `mqtt://127.0.0.1:${server.port}`;
    const credentials = { clientId: deviceId, username: deviceId, password: token };
    const transport = await openMqttServerTransport({ url, ...credentials, clock, logger });

    await expect(transport.subscribe("#", () => undefined)).rejects.toMatchObject({ code: "ACCESS_DENIED" });

    await transport.close();
    await server.close();
  });
});
