import { blobTopic, type DeviceId, type Sha256 } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { DeviceRig } from "../../testing/device-rig.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { MemoryBroker } from "../../testing/memory-broker.js";
import { createMemoryBlobStore } from "../../memory/memory-stores.js";
import { ScriptedServer, TENANT } from "../../testing/scripted-server.js";
import { removeUnusedBlobs } from "./unused-blobs.js";

const ana = "ana" as DeviceId;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("a device that trains a new version in every round", () => {
  test("keeps the blobs of the version that it serves and of the one that it trained last", async () => {
    const asked: string[] = [];
    const broker = new MemoryBroker({
      route: ({ topic, deliver }) => {
        asked.push(topic);
        deliver();
      },
    });
    const clock = new ManualClock();
    const server = new ScriptedServer(broker, nodeDigest);
    const newStop = (): AbortController => new AbortController();
    const rig = new DeviceRig({ name: ana, clock, broker, digest: nodeDigest, newStop });
    server.desire(ana, 1, await server.publishVersion(1));
    server.base = { version: 2, manifest: await server.publishVersion(2) };
    await rig.start();
    await settle();
    for (let round = 2; round <= 20; round += 1) {
      server.base = { version: round + 1, manifest: await server.publishVersion(round + 1) };
      clock.advance(1000);
      await settle();
    }

    expect(server.counted).toHaveLength(20);
    // Two manifests and two checkpoints; the two graphs are those of every version.
    expect(await rig.blobs.list()).toHaveLength(6);
    const graph = await server.publishBlob(new TextEncoder().encode("train graph"));
    expect(asked.filter((topic) => topic === blobTopic(TENANT, graph.sha256, 0))).toHaveLength(1);
  });
});

test("deleting ends as soon as it may not go on", async () => {
  const blobs = createMemoryBlobStore();
  const hashes = ["a", "b", "c"].map((digit) => digit.repeat(64) as Sha256);
  for (const sha256 of hashes) await blobs.put(sha256, new Uint8Array(1));
  let numAsked = 0;

  await removeUnusedBlobs(blobs, [], () => (numAsked += 1) <= 1);

  expect(await blobs.list()).toEqual(hashes.slice(1));
});
