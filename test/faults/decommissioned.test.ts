import type { RunningServer } from "@fedge/aggregator";
import type { DeviceId } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importNamed, startCloudsServer } from "./clouds-server.js";
import { HostileDevice, enrol, type Credentials } from "./hostile-device.js";

let directory = "";
let server: RunningServer;
let ana: Credentials;
let bo: Credentials;
let manifest = "";
let isCut = false;

/** What an enrolled device gets from the route for bytes. */
async function bytesFor({ token }: Credentials): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetch(`${server.httpUrl}/v1/blobs/${manifest}`, { headers })).status;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-decommissioned-"));
  server = await startCloudsServer(join(directory, "server"));
  await importNamed(server, "clouds");
  [ana, bo] = [await enrol(server.httpUrl), await enrol(server.httpUrl)];
  const [version] = await server.service.listVersions("clouds" as never);
  manifest = version?.manifest.sha256 ?? "";
  const [session] = [await HostileDevice.connect(ana), await HostileDevice.connect(bo)];
  expect(await bytesFor(ana)).toBe(200);
  const gone = session.gone().then(() => (isCut = true));
  await server.devices.decommission(ana.deviceId as DeviceId, "grace", "stolen");
  await gone;
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

describe("S14: a device that is decommissioned in the middle of a session", () => {
  test("S14: is disconnected", () => {
    expect(isCut).toBe(true);
  });

  test("S14: does not come back with the token that it had, which others still may", async () => {
    await expect(HostileDevice.connect(ana, 6)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    await expect(HostileDevice.connect(bo, 6)).resolves.toBeDefined();
  });

  test("S14: reads no bytes with that token, which others still may", async () => {
    expect([await bytesFor(ana), await bytesFor(bo)]).toEqual([401, 200]);
  });

  test("S14: is out of the fleet in the record that stays", async () => {
    const device = await server.service.getDevice(ana.deviceId as DeviceId);

    expect(device.decommissionedAtMs).not.toBeNull();
    expect(device.presence).toBe("offline");
  });
});
