import { describe, expect, test } from "vitest";
import { errorBody } from "./schema/basic-schema.js";
import { ADMIN_TOKEN, createAppDouble, type AppDouble } from "./testing/app-double.js";
import { sampleDevice } from "./testing/sample-data.js";

const asAdmin = { Authorization: `Bearer ${ADMIN_TOKEN}` };

function post(body: unknown, headers: Record<string, string> = asAdmin): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  };
}

async function refusal(response: Response): Promise<[number, string]> {
  return [response.status, errorBody.parse(await response.json()).error.code];
}

function appWithDevice(): AppDouble {
  const app = createAppDouble();
  app.service.devices = [sampleDevice(1)];
  return app;
}

describe("tags", () => {
  test("are added and removed, and come back sorted", async () => {
    const { ask } = appWithDevice();
    await ask("/v1/devices/device-1/tags", post({ add: ["pilot", "old"] }));

    const response = await ask("/v1/devices/device-1/tags", post({ add: ["beta"], remove: ["old"] }));

    expect(await response.json()).toEqual({ deviceId: "device-1", tags: ["beta", "pilot"] });
  });

  test.each([
    {},
    { add: ["two words"] },
    { add: [""] },
    { add: ["x".repeat(33)] },
    { remove: "old" },
    { add: Array.from({ length: 21 }, (_, index) => `t${index}`) },
    { add: ["a"], remove: ["a"] },
  ])("%j is refused", async (body) => {
    const { ask, deviceAdmin } = appWithDevice();

    expect(await refusal(await ask("/v1/devices/device-1/tags", post(body)))).toEqual([
      400,
      "OPTION_INVALID",
    ]);
    expect(deviceAdmin.tags.size).toBe(0);
  });

  test("of an unknown device are not found", async () => {
    const response = await createAppDouble().ask("/v1/devices/nobody/tags", post({ add: ["a"] }));

    expect(await refusal(response)).toEqual([404, "DEVICE_UNKNOWN"]);
  });

  test("are not for strangers", async () => {
    const response = await appWithDevice().ask("/v1/devices/device-1/tags", post({ add: ["a"] }, {}));

    expect(await refusal(response)).toEqual([401, "TOKEN_INVALID"]);
  });
});

describe("taking a device out of service", () => {
  const decommission = post({ reason: "stolen" });

  test("can be said twice", async () => {
    const { ask, deviceAdmin } = appWithDevice();

    await ask("/v1/devices/device-1/decommission", decommission);
    const response = await ask("/v1/devices/device-1/decommission", decommission);

    expect(await response.json()).toEqual({ deviceId: "device-1" });
    expect(deviceAdmin.decommissioned).toEqual([{ deviceId: "device-1", reason: "stolen" }]);
  });

  test("an unknown one is not found", async () => {
    const response = await createAppDouble().ask("/v1/devices/nobody/decommission", decommission);

    expect(await refusal(response)).toEqual([404, "DEVICE_UNKNOWN"]);
  });

  test("is not for strangers", async () => {
    const response = await appWithDevice().ask("/v1/devices/device-1/decommission", post({}, {}));

    expect(response.status).toBe(401);
  });
});

describe("groups", () => {
  test("are saved, listed by name and deleted", async () => {
    const { ask } = createAppDouble();
    await ask("/v1/groups", post({ name: "pilots", filter: "presence == online" }));
    await ask("/v1/groups", post({ name: "browsers", filter: "platform == browser*" }));

    const listed = await (await ask("/v1/groups")).json();
    const deleted = await ask("/v1/groups/pilots", { method: "DELETE", headers: asAdmin });
    const again = await ask("/v1/groups/pilots", { method: "DELETE", headers: asAdmin });

    expect(listed).toEqual({
      groups: [
        { name: "browsers", filter: "platform == browser*" },
        { name: "pilots", filter: "presence == online" },
      ],
    });
    expect([await deleted.json(), await again.json()]).toEqual([
      { name: "pilots", deleted: true },
      { name: "pilots", deleted: false },
    ]);
  });

  test("a filter that cannot be read is refused, with the place of its mistake", async () => {
    const { ask, deviceAdmin } = createAppDouble();

    const response = await ask("/v1/groups", post({ name: "pilots", filter: "presence = online" }));

    const { code, details } = errorBody.parse(await response.json()).error;
    expect([response.status, code, details["at"]]).toEqual([400, "FILTER_INVALID", 9]);
    expect(deviceAdmin.groups.size).toBe(0);
  });

  test.each([
    { name: "two words", filter: "presence == online" },
    { name: "pilots", filter: "" },
    { name: "pilots" },
  ])("%j is refused", async (body) => {
    expect(await refusal(await createAppDouble().ask("/v1/groups", post(body)))).toEqual([
      400,
      "OPTION_INVALID",
    ]);
  });

  test("are not changed by strangers", async () => {
    const { ask, deviceAdmin } = createAppDouble();
    deviceAdmin.groups.set("pilots", "presence == online");

    const saved = await ask("/v1/groups", post({ name: "x", filter: "presence == online" }, {}));
    const deleted = await ask("/v1/groups/pilots", { method: "DELETE" });

    expect([saved.status, deleted.status, [...deviceAdmin.groups.keys()]]).toEqual([401, 401, ["pilots"]]);
  });
});
