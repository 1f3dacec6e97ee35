import { blobTopic, type DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { DeviceRig } from "../../testing/device-rig.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { MemoryBroker } from "../../testing/memory-broker.js";
import { ScriptedServer, TENANT } from "../../testing/scripted-server.js";

const ana = "ana" as DeviceId;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

interface World {
  readonly broker: MemoryBroker;
  readonly server: ScriptedServer;
  readonly rig: DeviceRig;
  /** Topics of everything that the device was sent. */
  readonly delivered: string[];
}

function createWorld(): World {
  const delivered: string[] = [];
  const broker = new MemoryBroker({
    route: ({ topic, deliver }) => {
      delivered.push(topic);
      deliver();
    },
  });
  const server = new ScriptedServer(broker, nodeDigest);
  const newStop = (): AbortController => new AbortController();
  const rig = new DeviceRig({ name: ana, clock: new ManualClock(), broker, digest: nodeDigest, newStop });
  return { broker, server, rig, delivered };
}

describe("a version that is superseded", () => {
  test("while its bytes are awaited is left, and the newest one serves", async () => {
    const { broker, server, rig } = createWorld();
    const first = await server.publishVersion(1);
    broker.publish(blobTopic(TENANT, first.sha256, 0), new Uint8Array(0), { retain: true });
    server.desire(ana, 1, first);
    const device = await rig.start();
    await settle();
    server.desire(ana, 2, await server.publishVersion(2));
    await settle();

    expect(device.model("digits").version).toBe(2);
    expect(rig.errors).toEqual([]);
  });

  test("R17: before the device has begun with it is never downloaded", async () => {
    const { server, rig, delivered } = createWorld();
    const manifests = [];
    for (const version of [1, 2, 3]) manifests.push(await server.publishVersion(version));
    const [, second, third] = manifests;
    if (second === undefined || third === undefined) throw new Error("three versions were published");
    server.desire(ana, 2, second);
    server.desire(ana, 3, third);
    const device = await rig.start();
    await settle();

    expect(device.model("digits").version).toBe(3);
    expect(delivered).not.toContain(blobTopic(TENANT, second.sha256, 0));
  });

  test("by an older release that arrives late goes on serving", async () => {
    const { server, rig } = createWorld();
    const [first, second] = [await server.publishVersion(1), await server.publishVersion(2)];
    server.desire(ana, 2, second);
    const device = await rig.start();
    await settle();
    server.desire(ana, 1, first);
    await settle();

    expect(device.model("digits").version).toBe(2);
  });
});

describe("a device whose disk lost or damaged the version that it served", () => {
  test.each([
    ["lost", (): null => null],
    ["damaged", (bytes: Uint8Array): Uint8Array => bytes.map((value) => value ^ 1)],
  ])("starts all the same when a blob is %s, and fetches it anew", async (_, change) => {
    const { server, rig } = createWorld();
    server.desire(ana, 1, await server.publishVersion(1));
    await rig.start();
    await settle();
    rig.kill();
    for (const sha256 of await rig.blobs.list()) {
      const changed = change((await rig.blobs.get(sha256)) ?? new Uint8Array(0));
      await (changed === null ? rig.blobs.delete(sha256) : rig.blobs.put(sha256, changed));
    }
    const device = await rig.start();
    const versionAtStart = device.model("digits").version;
    await settle();

    expect([versionAtStart, device.model("digits").version]).toEqual([null, 1]);
  });
});
