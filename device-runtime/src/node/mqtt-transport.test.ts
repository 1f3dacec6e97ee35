import type { DeviceId, TenantId } from "@fedge/protocol";
import { Aedes } from "aedes";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { expect, test } from "vitest";
import { WebSocketServer, createWebSocketStream } from "ws";
import type { Credentials } from "../core/ports/transport.js";
import { describeTransport, type TransportHarness } from "../testing/conformance/transport.conformance.js";
import { createNodeMqttTransport } from "./mqtt-transport.js";

const forbiddenTopic = "fedge/1/acme/forbidden";

async function openBroker(): Promise<Aedes> {
  const broker = await Aedes.createBroker();
  broker.authenticate = (_client, _name, password, done) => {
    const isGood = String(password) === "good";
    done(isGood ? null : Object.assign(new Error("refused"), { returnCode: 5 as const }), isGood);
  };
  broker.authorizeSubscribe = (_client, subscription, done) =>
    done(null, subscription.topic === forbiddenTopic ? null : subscription);
  return broker;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function harnessOf(brokerUrl: string, close: () => Promise<void>): TransportHarness {
  let numDevices = 0;
  const credentials = (name: string, token: string): Credentials => {
    return { deviceId: name as DeviceId, tenantId: "acme" as TenantId, token, brokerUrl };
  };
  return {
    transport: createNodeMqttTransport(),
    newCredentials: () => credentials(`device-${(numDevices += 1)}`, "good"),
    refusedCredentials: credentials("mallory", "bad"),
    forbiddenTopic,
    close,
  };
}

async function closeAll(broker: Aedes, server: Server): Promise<void> {
  await new Promise<void>((resolve) => broker.close(resolve));
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

describeTransport("MQTT over TCP", async () => {
  const broker = await openBroker();
  const server = createServer((socket) => broker.handle(socket));
  const port = await listen(server);
  return harnessOf(`mqtt://127.0.0.1:${port}`, () => closeAll(broker, server));
});

describeTransport("MQTT over WebSocket", async () => {
  const broker = await openBroker();
  const server = createHttpServer();
  const sockets = new WebSocketServer({ server, path: "/mqtt" });
  sockets.on("connection", (socket, request) => {
    const stream = createWebSocketStream(socket);
    // A device that cuts its line ends the stream with an error, which the broker hears of as the end.
    stream.on("error", () => stream.destroy());
    // The broker reads once for each "readable" event, which since Node 26 gives one chunk of several.
    const readOne = stream.read.bind(stream) as () => Buffer | null;
    stream.read = () => {
      const chunks: Buffer[] = [];
      for (let chunk = readOne(); chunk !== null; chunk = readOne()) chunks.push(chunk);
      return chunks.length === 0 ? null : Buffer.concat(chunks);
    };
    broker.handle(stream, request);
  });
  const port = await listen(server);
  return harnessOf(`ws://127.0.0.1:${port}/mqtt`, async () => {
    sockets.close();
    server.closeAllConnections();
    await closeAll(broker, server);
  });
});

test("a broker that is not there is told as such", async () => {
  const server = createServer();
  const port = await listen(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const { transport, newCredentials } = harnessOf(`mqtt://127.0.0.1:${port}`, async () => undefined);
  const will = { topic: "fedge/1/acme/will", payload: new Uint8Array(0) };

  await expect(
    transport.open(newCredentials(), will, { message: () => undefined, closed: () => undefined }),
  ).rejects.toMatchObject({ code: "TRANSPORT_FAILED" });
});
