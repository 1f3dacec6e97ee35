import { BLOCK_BYTES, createRandom, type DeviceId } from "@fedge/protocol";
import { Aedes } from "aedes";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createDevice } from "../core/device.js";
import type { Device } from "../core/device-interface.js";
import { createFakeEngine, createFakeTrainer } from "../testing/fake-engine.js";
import { createMemoryBlobStore, createMemoryByteStore } from "../memory/memory-stores.js";
import { ScriptedServer, TENANT, type ServerSide } from "../testing/scripted-server.js";
import { createSystemClock } from "../clock/system-clock.js";
import { alwaysEligible } from "./create-device.js";
import { nodeDigest } from "./digest.js";
import { createNodeMqttTransport } from "./mqtt-transport.js";
import { CuttingProxy } from "./testing/cutting-proxy.js";

const ana = "ana" as DeviceId;
/** 4 MB of float32: 33 blocks down in a checkpoint, and as many up in an update. */
const NUM_PARAMETERS = 1_000_000;
const SIZE_BYTES = 4 * NUM_PARAMETERS;
/** MQTT packets, control messages, the manifest, the graphs and the checkpoint's header. */
const OVERHEAD_BYTES = 64 * 1024;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openBroker(): Promise<{ server: ScriptedServer; port: number }> {
  const aedes = await Aedes.createBroker({ concurrency: 0 });
  const listener = createServer((socket) => aedes.handle(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    await new Promise<void>((resolve) => listener.close(() => resolve()));
  });
  const side: ServerSide = {
    publish: (topic, payload, { retain = false } = {}) => {
      const body = Buffer.from(payload);
      aedes.publish({ cmd: "publish", topic, payload: body, qos: 1, retain, dup: false }, (error) => {
        if (error) throw error;
      });
    },
    onPublished: (hear) => {
      aedes.on("publish", ({ topic, payload }, client) => {
        if (client !== null) hear(topic, Buffer.from(payload));
      });
    },
  };
  return { server: new ScriptedServer(side, nodeDigest), port: (listener.address() as AddressInfo).port };
}

interface World {
  readonly server: ScriptedServer;
  readonly proxy: CuttingProxy;
  readonly start: (consent: { readonly training: boolean }) => Promise<Device>;
}

async function createWorld(): Promise<World> {
  const { server, port } = await openBroker();
  const proxy = await CuttingProxy.open(port);
  closing.push(() => proxy.close());
  const input = { shape: [3, 1], data: new Float32Array(3) };
  const start = async ({ training }: { readonly training: boolean }): Promise<Device> => {
    const brokerUrl = `mqtt://127.0.0.1:${proxy.port}`;
    const credentials = { deviceId: ana, tenantId: TENANT, token: "", brokerUrl };
    const device = await createDevice(
      {
        ...{ clock: createSystemClock(), random: createRandom("line"), digest: nodeDigest, verifier: null },
        ...{ store: createMemoryByteStore(), blobs: createMemoryBlobStore(), conditions: alwaysEligible },
        ...{
          serving: createFakeEngine(),
          trainer: createFakeTrainer(),
          transport: createNodeMqttTransport(),
        },
        identity: {
          credentials: () => Promise.resolve(credentials),
          farewell: () => Promise.resolve({ deviceId: ana, timestampMs: 0, signature: "" }),
          sayFarewell: () => Promise.resolve(),
          erase: () => Promise.resolve(),
        },
        trainingData: {
          digits: {
            numExamples: () => 3,
            examples: () => ({ numExamples: 3, inputs: { input }, target: input }),
          },
        },
        newStop: () => new AbortController(),
      },
      { models: ["digits"], consent: { training, reporting: true }, platform: "test" },
    );
    closing.push(() => device.close());
    return device;
  };
  return { server, proxy, start };
}

describe("a line that breaks in the middle of blocks", () => {
  test("costs a download at most one block for each cut", async () => {
    const { server, proxy, start } = await createWorld();
    server.desire(ana, 1, await server.publishVersion(1, { numParameters: NUM_PARAMETERS }));
    proxy.cutNext("down", [1_000_000, 700_001, 1_300_003]);

    const device = await start({ training: false });
    await new Promise<void>((resolve) => device.on("version", () => resolve()));

    expect(proxy.numCuts).toBe(3);
    expect(proxy.passed.down).toBeGreaterThan(SIZE_BYTES);
    expect(proxy.passed.down).toBeLessThan(SIZE_BYTES + OVERHEAD_BYTES + 3 * BLOCK_BYTES);
  });

  test("costs an upload at most one block for each cut, and the update is counted once", async () => {
    const { server, proxy, start } = await createWorld();
    server.base = { version: 1, manifest: await server.publishVersion(1, { numParameters: NUM_PARAMETERS }) };
    proxy.cutNext("up", [1_000_000, 700_001, 1_300_003]);

    const device = await start({ training: true });
    await new Promise<void>((resolve) => {
      device.on("round", ({ phase }) => {
        if (phase !== "counted") return;
        device.setConsent({ training: false });
        resolve();
      });
    });

    expect(proxy.numCuts).toBe(3);
    expect(proxy.passed.up).toBeGreaterThan(SIZE_BYTES);
    expect(proxy.passed.up).toBeLessThan(SIZE_BYTES + OVERHEAD_BYTES + 3 * BLOCK_BYTES);
    expect(server.counted.map(({ bytes }) => bytes.byteLength)).toEqual([SIZE_BYTES]);
  });
});
