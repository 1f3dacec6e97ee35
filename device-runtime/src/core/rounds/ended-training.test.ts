import type { DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { DeviceRig } from "../../testing/device-rig.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { MemoryBroker } from "../../testing/memory-broker.js";
import { ScriptedServer } from "../../testing/scripted-server.js";

const ana = "ana" as DeviceId;
const retryAfter = { minMs: 60_000, maxMs: 60_000 };

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

async function createWorld(): Promise<{ server: ScriptedServer; rig: DeviceRig; closeRound: () => void }> {
  const broker = new MemoryBroker();
  const server = new ScriptedServer(broker, nodeDigest);
  const newStop = (): AbortController => new AbortController();
  const rig = new DeviceRig({ name: ana, clock: new ManualClock(), broker, digest: nodeDigest, newStop });
  server.base = { version: 1, manifest: await server.publishVersion(1) };
  const closeRound = (): void => {
    const { roundId, attempt } = server.assignment(ana);
    server.send(ana, { type: "round-closed", roundId, attempt, reason: "goal-reached", retryAfter });
  };
  return { server, rig, closeRound };
}

describe("a round that closes without the device", () => {
  test("is no error, though it stops a training", async () => {
    const { rig, closeRound } = await createWorld();
    rig.trainer.gate = new Promise(() => undefined);
    await rig.start();
    await settle();
    closeRound();
    await settle();

    expect(rig.phases).toEqual(["assigned", "training", "closed"]);
    expect(rig.errors).toEqual([]);
  });

  test("leaves no update behind, though the training ended at the same moment", async () => {
    const { rig, closeRound } = await createWorld();
    let end = (): void => undefined;
    rig.trainer.gate = new Promise((resolve) => (end = resolve));
    await rig.start();
    await settle();
    let putUpdate = (): void => undefined;
    const { put } = rig.store;
    const slowPut: typeof put = async (key, value) => {
      if (key === "round/update") await new Promise<void>((resolve) => (putUpdate = resolve));
      return put(key, value);
    };
    Object.assign(rig.store, { put: slowPut });
    end();
    await settle();
    closeRound();
    await settle();
    putUpdate();
    await settle();

    expect(rig.phases.at(-1)).toBe("closed");
    expect(await rig.store.get("round/update")).toBeUndefined();
  });
});
