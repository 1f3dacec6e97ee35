import type { ModelName, Sha256 } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BlobStore } from "../../blobs/port.js";
import type { ControlStore } from "../../store/port.js";
import { openRegistryRig, type RegistryRig } from "../testing/registry-rig.js";
import { verifyVersion } from "./verify-version.js";

let rig: RegistryRig;
beforeAll(async () => {
  rig = await openRegistryRig();
}, 60_000);
afterAll(() => rig.close(), 60_000);

/** The second round's version, whose optimizer goes on from the first one's state. */
async function secondResult() {
  const { model } = await rig.importNew();
  await rig.commitRound(model);
  return rig.commitRound(model);
}

/** The store with one thing changed, as by hand in the database. */
function storeWith(change: Partial<ControlStore>): ControlStore {
  return new Proxy(rig.store, {
    get: (target, name) => Reflect.get(change, name) ?? Reflect.get(target, name),
  });
}

function blobsWith(sha256: Sha256, bytes: Uint8Array<ArrayBuffer>): BlobStore {
  return { ...rig.blobs, get: (name) => (name === sha256 ? Promise.resolve(bytes) : rig.blobs.get(name)) };
}

describe("verifying a version", () => {
  test("makes the same bytes again, the optimizer's state included", async () => {
    const record = await secondResult();

    const { kind, checks } = await verifyVersion(rig, record);

    expect(kind).toBe("reproduced");
    expect(checks.filter(({ isSame }) => !isSame)).toEqual([]);
    expect(checks.map(({ what }) => what)).toEqual(
      expect.arrayContaining(["checkpoint", "optimizer state", "manifest", "sum's hash"]),
    );
    expect(record.optimizerState).not.toBeNull();
  });

  test("of an import looks at hashes only, and says so", async () => {
    const { kind } = await verifyVersion(rig, await rig.importNew());

    expect(kind).toBe("hashes");
  });

  test("does not repair what it looks at", async () => {
    const record = await secondResult();
    const before = await rig.blobs.list();

    await verifyVersion(rig, record);

    expect(await rig.blobs.list()).toEqual(before);
  });

  test("refuses a sum of which one bit is another", async () => {
    const record = await secondResult();
    const { sha256 } = record.finalSum ?? { sha256: "" as Sha256 };
    const sum = await rig.blobs.get(sha256);
    sum[60] = (sum[60] ?? 0) ^ 1;

    const verifying = verifyVersion({ ...rig, blobs: blobsWith(sha256, sum) }, record);

    await expect(verifying).rejects.toMatchObject({ code: "VERSION_NOT_REPRODUCED" });
    await expect(verifying).rejects.toThrow(/sum's hash differs/);
  });

  test("refuses a checkpoint that another one was put in the place of, manifest and record included", async () => {
    const record = await secondResult();
    const parent = await rig.store.getVersion(record.model as ModelName, record.version - 1);
    if (parent === undefined) throw new Error("no parent");
    const foreign = { ...record, checkpoint: parent.checkpoint };

    const verifying = verifyVersion(rig, foreign);

    await expect(verifying).rejects.toThrow(/manifest's checkpoint differs/);
  });

  test("refuses a journal in which an update's examples were changed", async () => {
    const record = await secondResult();
    const store = storeWith({
      getRound: async (roundId) => {
        const found = await rig.store.getRound(roundId);
        const events = found?.events.map((event) =>
          event.type === "updates-counted"
            ? { ...event, updates: event.updates.map((update) => ({ ...update, numExamples: 11 })) }
            : event,
        );
        return found === undefined || events === undefined ? undefined : { round: found.round, events };
      },
    });

    await expect(verifyVersion({ ...rig, store }, record)).rejects.toThrow(/number of examples/);
  });

  test("refuses another server optimizer than the one that made it", async () => {
    const record = await secondResult();
    const store = storeWith({
      getTask: async (taskId) => {
        const task = await rig.store.getTask(taskId);
        if (task === undefined) return undefined;
        const serverOptimizer = { ...task.config.serverOptimizer, learningRate: 0.2 };
        return { ...task, config: { ...task.config, serverOptimizer } };
      },
    });

    const verifying = verifyVersion({ ...rig, store }, record);

    await expect(verifying).rejects.toMatchObject({ code: "VERSION_NOT_REPRODUCED" });
    await expect(verifying).rejects.toThrow(/checkpoint/);
  });

  test("says that the sum is no longer kept", async () => {
    const record = await secondResult();
    await rig.store.forgetSum({ model: record.model as ModelName, version: record.version });
    const forgotten = await rig.store.getVersion(record.model as ModelName, record.version);

    expect(forgotten?.finalSum).toBeNull();
    await expect(verifyVersion(rig, { ...record, finalSum: null })).rejects.toMatchObject({
      code: "DATA_MISSING",
    });
  });
});
