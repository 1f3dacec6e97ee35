import { describe, expect, test } from "vitest";
import { namesOf, type SampleNames } from "../sample-records.js";
import type { StoreWorld } from "./store-world.js";

/** What every control store does with devices. */
export function describeDevices(world: StoreWorld): void {
  describe("devices", () => {
    async function enrolled(): Promise<SampleNames> {
      const names = world.names();
      await world.store.enrolDevice({ deviceId: names.deviceId, publicKey: "key", atMs: 100 });
      return names;
    }

    test("a new device is offline and has said nothing yet", async () => {
      const { deviceId } = await enrolled();

      expect(await world.store.getDevice(deviceId)).toEqual({
        deviceId,
        publicKey: "key",
        enrolledAtMs: 100,
        lastSeenAtMs: 100,
        presence: "offline",
        session: 0,
        runtimeVersion: "",
        engine: "",
        platform: "",
        serving: {},
        attributes: {},
        untrusting: null,
        tags: [],
        decommissionedAtMs: null,
      });
    });

    test("enrolling again changes nothing; another key is refused", async () => {
      const { deviceId } = await enrolled();
      await world.store.updateDevice(deviceId, { engine: "onnx" });

      const again = await world.store.enrolDevice({ deviceId, publicKey: "key", atMs: 900 });

      expect(again).toMatchObject({ enrolledAtMs: 100, engine: "onnx" });
      const other = world.store.enrolDevice({ deviceId, publicKey: "other", atMs: 900 });
      await expect(other).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    });

    test("a change of an older session is passed over", async () => {
      const { deviceId } = await enrolled();
      await world.store.updateDevice(deviceId, { session: 7, presence: "online" });

      const late = await world.store.updateDevice(deviceId, { session: 6, presence: "lost" });
      const same = await world.store.updateDevice(deviceId, { session: 7, presence: "sleeping" });

      expect(late).toMatchObject({ session: 7, presence: "online" });
      expect(same).toMatchObject({ session: 7, presence: "sleeping" });
    });

    test("a change without a session always applies, and one without fields reads", async () => {
      const { deviceId } = await enrolled();
      await world.store.updateDevice(deviceId, { session: 7 });

      await world.store.updateDevice(deviceId, { lastSeenAtMs: 500 });

      expect(await world.store.updateDevice(deviceId, {})).toMatchObject({ session: 7, lastSeenAtMs: 500 });
    });

    test("a deleted device is unknown, and deleting it again is no error", async () => {
      const { deviceId } = await enrolled();
      const draft = { actor: deviceId, action: "device.forget", subject: deviceId, details: {} };
      const entry = { draft, atMs: 1000 };
      await world.store.deleteDevice(deviceId, entry);
      await world.store.deleteDevice(deviceId, entry);

      expect(await world.store.getDevice(deviceId)).toBeUndefined();
      expect(await world.store.acceptTokenTimestamp(deviceId, 9_000_000_000_000)).toBe(false);
    });

    test("an unknown device is undefined", async () => {
      const { deviceId } = namesOf("nowhere");

      expect(await world.store.getDevice(deviceId)).toBeUndefined();
      expect(await world.store.updateDevice(deviceId, { presence: "online" })).toBeUndefined();
      expect(await world.store.acceptTokenTimestamp(deviceId, 1)).toBe(false);
    });

    test("are counted by presence and by what they serve", async () => {
      const before = await world.store.countDevices();
      const [ana, bo] = [await enrolled(), await enrolled()];
      const [keyboard, emoji] = [3, 1].map((version) => ({ version, manifestSha256: null }));
      await world.store.updateDevice(ana.deviceId, {
        presence: "online",
        serving: { keyboard: keyboard!, emoji: emoji! },
      });
      await world.store.updateDevice(bo.deviceId, {
        serving: { keyboard: { version: 3, manifestSha256: "00" } },
      });

      const after = await world.store.countDevices();

      expect(after.total - before.total).toBe(2);
      expect((after.byPresence["online"] ?? 0) - (before.byPresence["online"] ?? 0)).toBe(1);
      expect(after.byServing).toMatchObject({ "keyboard@3": 2, "emoji@1": 1 });
      const listed = (await world.store.listDevices()).map((device) => device.deviceId);
      expect(listed).toContain(ana.deviceId);
      expect(await world.store.listDevices({ limit: 1, offset: 0 })).toHaveLength(1);
    });

    test("are counted by why they believe nothing new, as long as they are in service", async () => {
      const before = await world.store.countDevices();
      const [ana, bo, chen] = [await enrolled(), await enrolled(), await enrolled()];
      for (const { deviceId } of [ana, bo, chen])
        await world.store.updateDevice(deviceId, { untrusting: "METADATA_EXPIRED" });
      await world.store.updateDevice(bo.deviceId, { untrusting: null });
      await world.store.updateDevice(chen.deviceId, { decommissionedAtMs: 7 });

      const after = await world.store.countDevices();

      const countOf = (counts: typeof after): number => counts.untrusting["METADATA_EXPIRED"] ?? 0;
      expect(countOf(after) - countOf(before)).toBe(1);
      expect((await world.store.getDevice(ana.deviceId))?.untrusting).toBe("METADATA_EXPIRED");
    });

    test("a token timestamp is accepted once and only if newer, also when two come at one time", async () => {
      const { deviceId } = await enrolled();

      const both = [1000, 1000].map((atMs) => world.store.acceptTokenTimestamp(deviceId, atMs));
      const first = await Promise.all(both);

      expect(first.sort()).toEqual([false, true]);
      expect(await world.store.acceptTokenTimestamp(deviceId, 999)).toBe(false);
      expect(await world.store.acceptTokenTimestamp(deviceId, 1001)).toBe(true);
    });
  });
}
