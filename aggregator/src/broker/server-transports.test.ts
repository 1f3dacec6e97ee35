import type { MqttClient } from "mqtt";
import mqtt from "mqtt";
import { describe, expect, test } from "vitest";
import { createSystemClock } from "../clock/system-clock.js";
import { openMqttServerTransport } from "./mqtt-server-transport.js";
import { TENANT, newDeviceId, openTestBroker, type TestBroker } from "./testing/broker-fixture.js";
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

  describe("a transport whose broker goes away", () => {
    test("says so, refuses to publish, and leaves the broker its will", { timeout: 60_000 }, async () => {
      const broker = await startMosquitto(program);
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const will = { topic: "fedge/1/acme/srv/state", payload: Buffer.from("offline") };
      const transport = await openMqttServerTransport({ url, clientId: "aggregator", clock, logger, will });
      const lost = new Promise<boolean>((resolve) => transport.onState(resolve));

      await broker.close();

      expect(await lost).toBe(false);
      const publish = transport.publish("fedge/1/acme/srv/state", Buffer.from("x"), { retain: true, qos: 1 });
      await expect(publish).rejects.toMatchObject({ code: "TRANSPORT_FAILED" });
      await transport.close();
    });
  });
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
