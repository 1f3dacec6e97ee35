import type { DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { sampleDevice } from "../http/testing/sample-data.js";
import { MemoryRolloutStore } from "../rollouts/simulation/memory-rollout-store.js";
import type { DeviceRecord } from "../store/port.js";
import { DeviceAdmin } from "./device-admin.js";

function open() {
  let device = sampleDevice(1);
  const groups = new MemoryRolloutStore();
  const gone: DeviceId[] = [];
  const admin = new DeviceAdmin({
    store: {
      getDevice: async (deviceId) => (deviceId === device.deviceId ? device : undefined),
      updateDevice: async (_, change, audit) => {
        if (audit !== undefined) groups.audited.push(audit.draft);
        return (device = { ...device, ...change } as DeviceRecord);
      },
    },
    groups,
    audit: { anchorHead: async () => undefined },
    nowMs: () => 7000,
    onChanged: async () => undefined,
    onDecommissioned: async (deviceId) => void gone.push(deviceId),
  });
  const audited = () => groups.audited.map(({ actor, action, subject }) => `${actor} ${action} ${subject}`);
  return { admin, audited, gone, deviceId: device.deviceId };
}

describe("device administration", () => {
  test("tags are a sorted set, and who set them is in the audit log", async () => {
    const { admin, audited, deviceId } = open();

    const change = { add: ["pilot", "internal", "pilot"], remove: [] };

    expect((await admin.setTags(deviceId, change, "ada")).tags).toEqual(["internal", "pilot"]);
    expect(audited()).toEqual(["ada device.tag device-1"]);
  });

  test("two people who change tags at once both have their way", async () => {
    const { admin, deviceId } = open();
    await admin.setTags(deviceId, { add: ["old"], remove: [] }, "ada");
    const changes = [admin.setTags(deviceId, { add: ["pilot"], remove: [] }, "ada")];
    changes.push(admin.setTags(deviceId, { add: ["internal"], remove: ["old"] }, "grace"));

    expect((await Promise.all(changes)).at(-1)?.tags).toEqual(["internal", "pilot"]);
  });

  test.each([["two words"], [""], ["x".repeat(33)], ["-first"]])("the tag %j is refused", async (tag) => {
    const { admin, deviceId } = open();

    await expect(admin.setTags(deviceId, { add: [tag], remove: [] }, "ada")).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });

  test("more than twenty tags are refused", async () => {
    const { admin, deviceId } = open();
    const tags = Array.from({ length: 21 }, (_, at) => `tag-${at}`);

    await expect(admin.setTags(deviceId, { add: tags, remove: [] }, "ada")).rejects.toThrow(
      /at most 20 tags; these are 21/,
    );
  });

  test("a device is decommissioned once, and marked with the time", async () => {
    const { admin, audited, gone, deviceId } = open();
    const first = await admin.decommission(deviceId, "ada", "sold");
    const again = await admin.decommission(deviceId, "grace", "sold");

    expect([first.decommissionedAtMs, again.decommissionedAtMs]).toEqual([7000, 7000]);
    expect(gone).toEqual([deviceId]);
    expect(audited()).toEqual(["ada device.decommission device-1"]);
  });

  test("a device that is not there is DEVICE_UNKNOWN", async () => {
    const { admin } = open();

    await expect(admin.decommission("nobody" as DeviceId, "ada", "")).rejects.toMatchObject({
      code: "DEVICE_UNKNOWN",
    });
  });

  test("a group's filter may name another group, and must be readable", async () => {
    const { admin } = open();
    await admin.saveGroup("pilots", "tag == pilot", "ada");
    await admin.saveGroup("european-pilots", "group == pilots and attribute.region == eu", "ada");

    expect((await admin.listGroups()).map(({ name }) => name)).toEqual(["pilots", "european-pilots"]);
    await expect(admin.saveGroup("wrong", "group == nobody", "ada")).rejects.toMatchObject({
      code: "FILTER_INVALID",
    });
    await expect(admin.saveGroup("pilots", "group == pilots", "ada")).rejects.toMatchObject({
      code: "FILTER_INVALID",
    });
    await expect(admin.saveGroup("no name", "tag == a", "ada")).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });

  test("groups that would name each other in a circle are refused", async () => {
    const { admin } = open();
    await admin.saveGroup("pilots", "tag == pilot", "ada");
    await admin.saveGroup("others", "not group == pilots", "ada");

    await expect(admin.saveGroup("pilots", "not group == others", "ada")).rejects.toMatchObject({
      code: "FILTER_INVALID",
    });
  });
});
