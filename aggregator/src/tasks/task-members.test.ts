import type { DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { deviceFilter } from "../fleet/filter/device-filter.js";
import { sampleDevice } from "../http/testing/sample-data.js";
import { firstTask } from "../simulation/drift-rehearsal/drift-plan.js";
import { TaskMembers } from "./task-members.js";

const COAST = sampleDevice(0, { attributes: { region: "coast" } });
const INLAND = sampleDevice(1, { attributes: { region: "inland" } });
const { release, ...plain } = firstTask({ numDevices: 40, rounds: 2, seed: "1" });
const filter = "attribute.region == coast";

const members = new TaskMembers({
  device: async (deviceId) => [COAST, INLAND].find((device) => device.deviceId === deviceId),
  compiler: async () => (text) => deviceFilter(text, 0),
});

describe("devices of a task", () => {
  test("are all where it has no filter", async () => {
    expect(await members.isMember({}, "unknown" as DeviceId)).toBe(true);
  });

  test("are those that its filter means", async () => {
    const answers = [COAST, INLAND].map(({ deviceId }) => members.isMember({ filter }, deviceId));

    expect(await Promise.all(answers)).toEqual([true, false]);
  });

  test("are none that nobody knows", async () => {
    expect(await members.isMember({ filter }, "unknown" as DeviceId)).toBe(false);
  });

  test("cannot be named by a filter that cannot be read", async () => {
    await expect(members.check({ ...plain, filter: "region =" })).rejects.toMatchObject({
      code: "FILTER_INVALID",
    });
  });

  test("get no version for everybody of a task for some", async () => {
    const releasing = { ...plain, filter, ...(release === undefined ? {} : { release }) };

    await expect(members.check(releasing)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    await expect(members.check({ ...plain, filter })).resolves.toBeUndefined();
  });
});
