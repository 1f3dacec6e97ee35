import { describe, expect, test } from "vitest";
import { ClientRig } from "./testing/client-rig.js";

describe("older metadata than were seen", () => {
  test("of the timestamp are refused", async () => {
    const rig = await ClientRig.open();
    await rig.repository.publish("timestamp");
    await rig.refresh();
    rig.repository.timestamp.version = 1;
    await rig.repository.republish("timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_ROLLBACK" });
    expect(rig.repository.asked.at(-1)).toBe("timestamp");
    expect(rig.versions["timestamp"]).toBe(2);
  });

  test("of the snapshot are not even asked for when the timestamp has not changed", async () => {
    const rig = await ClientRig.open();
    await rig.repository.publish("snapshot", "timestamp");
    await rig.refresh();
    rig.repository.snapshot.version = 1;
    await rig.repository.republish("snapshot");

    await rig.refresh();

    expect(rig.repository.asked.at(-1)).toBe("timestamp");
    expect(rig.versions["snapshot"]).toBe(2);
  });

  test.each([false, true])(
    "of the snapshot are refused when a new timestamp names them (hashes: %s)",
    async (hasHashes) => {
      const rig = await ClientRig.open();
      rig.repository.hasHashes = hasHashes;
      await rig.repository.publish("snapshot", "timestamp");
      await rig.refresh();
      rig.repository.snapshot.version = 1;
      await rig.repository.republish("snapshot");
      await rig.repository.publish("timestamp");

      await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_ROLLBACK" });
      expect(rig.repository.asked.at(-1)).toBe("timestamp");
      expect(rig.versions).toMatchObject({ timestamp: 2, snapshot: 2 });
    },
  );

  test("of the snapshot are refused when the timestamp names one that is not there", async () => {
    const rig = await ClientRig.open();
    const named = structuredClone(rig.repository.timestamp.meta);
    await rig.repository.publish("snapshot");
    rig.repository.timestamp.meta = named;
    await rig.repository.republish("timestamp");
    rig.repository.published.get("snapshot")?.shift();

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_UNAVAILABLE" });
    expect(rig.versions).toEqual({ root: 1, timestamp: 1 });
    expect(rig.repository.asked.at(-1)).toBe("1.snapshot");
  });

  test.each([false, true])(
    "of the targets are refused by the snapshot that is kept (hashes: %s)",
    async (hasHashes) => {
      const rig = await ClientRig.open();
      rig.repository.hasHashes = hasHashes;
      await rig.repository.publish("targets", "snapshot", "timestamp");
      await rig.refresh();
      rig.repository.targets().version = 1;
      await rig.repository.republish("targets");
      await rig.repository.publish("snapshot", "timestamp");

      await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_ROLLBACK" });
      expect(rig.versions).toMatchObject({ snapshot: 2, targets: 2 });
    },
  );

  test("are refused when a role has disappeared from the snapshot", async () => {
    const rig = await ClientRig.open();
    await rig.repository.delegate("targets", { name: "delegated" });
    await rig.repository.publish("delegated", "targets", "snapshot", "timestamp");
    await rig.refresh();
    delete rig.repository.snapshot.meta["delegated.json"];
    await rig.repository.publish("snapshot", "timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_ROLLBACK" });
    expect(rig.versions["snapshot"]).toBe(2);
  });

  test("of the root are refused under the name of the next", async () => {
    const rig = await ClientRig.open();
    await rig.refresh();
    const first = rig.repository.bytes("root", 1);
    const fetch = rig.repository.fetch.bind(rig.repository);
    rig.repository.fetch = async (wanted) => (wanted.role === "root" ? first : fetch(wanted));

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_ROLLBACK" });
  });
});

describe("versions that whoever stole a key has raised as far as they go", () => {
  test("of the timestamp begin anew with another key", async () => {
    const rig = await ClientRig.open();
    rig.repository.timestamp.version = 2 ** 31;
    await rig.repository.republish("timestamp");
    await rig.refresh();
    await rig.repository.rotate("timestamp");
    await rig.repository.publish("root");
    rig.repository.timestamp.version = 1;
    await rig.repository.republish("timestamp");

    await rig.refresh();

    expect(rig.versions["timestamp"]).toBe(1);
  });

  test("of the snapshot begin anew with other keys of snapshot and timestamp", async () => {
    const rig = await ClientRig.open();
    rig.repository.snapshot.version = 2 ** 31;
    await rig.repository.republish("snapshot");
    await rig.repository.publish("timestamp");
    await rig.refresh();
    await rig.repository.rotate("snapshot");
    await rig.repository.rotate("timestamp");
    rig.repository.snapshot.version = 1;
    await rig.repository.republish("snapshot");
    await rig.repository.publish("timestamp", "root");

    await rig.refresh();

    expect(rig.versions["snapshot"]).toBe(1);
  });

  test("of the targets begin anew with another key of the snapshot", async () => {
    const rig = await ClientRig.open();
    rig.repository.targets().version = 2 ** 31;
    await rig.repository.republish("targets");
    await rig.repository.publish("snapshot", "timestamp");
    await rig.refresh();
    await rig.repository.rotate("snapshot");
    rig.repository.targets().version = 1;
    await rig.repository.republish("targets");
    await rig.repository.publish("snapshot", "timestamp", "root");

    await rig.refresh();

    expect(rig.versions["targets"]).toBe(1);
  });
});
