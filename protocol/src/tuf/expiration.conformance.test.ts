import { describe, expect, test } from "vitest";
import { ClientRig, DAY_MS, START_MS } from "./testing/client-rig.js";
import { toExpiry } from "./metadata.js";

const daysFromStart = (days: number): string => toExpiry(START_MS + days * DAY_MS);

describe("expired metadata", () => {
  test("of the root are followed and kept, and nothing after them is asked for", async () => {
    const rig = await ClientRig.open();
    await rig.refresh();
    await rig.repository.publish("root");
    rig.repository.root.expires = daysFromStart(-1);
    await rig.repository.publish("root", "targets", "snapshot", "timestamp");
    rig.repository.asked.length = 0;

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_EXPIRED" });
    expect(rig.repository.asked).toEqual(["2.root", "3.root", "4.root"]);
    expect(rig.versions).toEqual({ root: 3, timestamp: 1, snapshot: 1, targets: 1 });
  });

  test("of a root between are no obstacle to a fresh one after it", async () => {
    const rig = await ClientRig.open();
    rig.repository.root.expires = daysFromStart(-1);
    await rig.repository.publish("root");
    rig.repository.root.expires = daysFromStart(30);
    await rig.repository.publish("root");

    await rig.refresh();

    expect(rig.versions["root"]).toBe(3);
  });

  test("of the root that the client begins with are no obstacle to the next", async () => {
    const rig = await ClientRig.open();
    rig.repository.root.expires = daysFromStart(100);
    await rig.repository.publish("root");
    for (const signed of [rig.repository.timestamp, rig.repository.snapshot, rig.repository.targets()]) {
      signed.expires = daysFromStart(100);
    }
    await rig.repository.publish("targets", "snapshot", "timestamp");

    await rig.refresh({ afterDays: 40 });

    expect(rig.versions).toEqual({ root: 2, timestamp: 2, snapshot: 2, targets: 2 });
  });

  test("of the timestamp are refused, and the former stay", async () => {
    const rig = await ClientRig.open();
    await rig.refresh();
    rig.repository.timestamp.expires = daysFromStart(-5);
    await rig.repository.publish("timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_EXPIRED" });
    expect(rig.versions["timestamp"]).toBe(1);
  });

  test("of the timestamp are refused when the repository has no newer ones", async () => {
    const rig = await ClientRig.open();
    rig.repository.timestamp.expires = daysFromStart(7);
    await rig.repository.republish("timestamp");
    await rig.refresh();

    await expect(rig.refresh({ afterDays: 7 })).rejects.toMatchObject({ code: "METADATA_EXPIRED" });
  });

  test.each(["snapshot", "targets"] as const)("of the %s are refused, and the former stay", async (role) => {
    const rig = await ClientRig.open();
    await rig.refresh();
    const signed = role === "snapshot" ? rig.repository.snapshot : rig.repository.targets();
    signed.expires = daysFromStart(-5);
    await rig.repository.publish("targets", "snapshot", "timestamp");

    await expect(rig.refresh()).rejects.toMatchObject({ code: "METADATA_EXPIRED" });
    expect(rig.versions[role]).toBe(1);
  });

  test("that are kept still lead to newer ones", async () => {
    const rig = await ClientRig.open();
    rig.repository.timestamp.expires = daysFromStart(7);
    await rig.repository.republish("timestamp");
    await rig.refresh();
    rig.repository.timestamp.expires = daysFromStart(21);
    await rig.repository.publish("targets", "snapshot", "timestamp");

    await rig.refresh({ afterDays: 18 });

    expect(rig.versions).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
  });
});

describe("targets of a delegated role", () => {
  async function withDelegate(expiresAfterDays: number): Promise<ClientRig> {
    const rig = await ClientRig.open();
    await rig.repository.delegate("targets", { name: "delegated", paths: ["delegatedpath/*"] });
    rig.repository.targets("delegated").expires = daysFromStart(expiresAfterDays);
    await rig.repository.addArtifact("delegatedpath/first", "first", { role: "delegated" });
    await rig.repository.publish("delegated", "targets", "snapshot", "timestamp");
    return rig;
  }

  test("are not used when they were expired from the beginning", async () => {
    const rig = await withDelegate(-1);

    await expect(rig.find("delegatedpath/first")).rejects.toMatchObject({ code: "METADATA_EXPIRED" });
    expect(rig.versions).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
  });

  test("are not used any more once they expire", async () => {
    const rig = await withDelegate(7);
    expect(await rig.find("delegatedpath/first")).toBeDefined();

    await expect(rig.find("delegatedpath/first", { afterDays: 18 })).rejects.toMatchObject({
      code: "METADATA_EXPIRED",
    });
  });

  test("that are kept and expired give way to newer ones", async () => {
    const rig = await withDelegate(7);
    await rig.find("delegatedpath/first");
    rig.repository.targets("delegated").expires = daysFromStart(21);
    await rig.repository.publish("delegated", "snapshot", "timestamp");

    expect(await rig.find("delegatedpath/first", { afterDays: 18 })).toMatchObject({ role: "delegated" });
  });
});
