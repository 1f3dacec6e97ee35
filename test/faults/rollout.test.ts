import {
  rolloutFromTemplate,
  type RolloutConfig,
  type RolloutId,
  type RunningServer,
} from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { decodeWith, deviceId as deviceIdSchema, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { INPUTS, startDevice } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import { importNamed, startCloudsServer } from "./clouds-server.js";

const MODEL = "clouds";
const ADA = { name: "ada", mayApprove: true };

let directory = "";
let server: RunningServer;
let devices: Device[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-rollout-"));
  server = await startCloudsServer(join(directory, "server"));
  // The first version is the fleet's at once; the second waits for a rollout.
  await importNamed(server, MODEL);
  await importNamed(server, MODEL);
  const places = ["one", "two", "three", "four"].map((name) => ({ name, place: join(directory, name) }));
  devices = await Promise.all(
    places.map(({ name, place }) =>
      startDevice(server.httpUrl, place, name, { models: [MODEL], metricsIntervalMs: 200 }),
    ),
  );
  await serve(1);
});

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

function serve(version: number): Promise<true> {
  return eventually(`every device to serve version ${version}`, async () =>
    devices.every((device) => device.model(MODEL).version === version) ? true : undefined,
  );
}

function state(rolloutId: RolloutId, wanted: string): Promise<true> {
  return eventually(`the rollout to be ${wanted}`, async () =>
    (await server.rollouts.get(rolloutId)).state === wanted ? true : undefined,
  );
}

async function begin(change: Partial<RolloutConfig>): Promise<RolloutId> {
  const rolloutId = "second" as RolloutId;
  const model = decodeWith(modelName, MODEL, { what: "model", code: "OPTION_INVALID" });
  const install = { minSuccess: 1, minReached: 1, maxErrors: 0, minReports: 1 };
  const plan = { needsApproval: false, gates: { install, metrics: [] }, ...change };
  const config = rolloutFromTemplate("quick", { rolloutId, model, version: 2, ...plan });
  await server.rollouts.create(config, ADA);
  await server.rollouts.command(rolloutId, "start", { actor: ADA, reason: "try it" });
  return rolloutId;
}

test("real devices go to a version by waves, and all of them back by a rollback", async () => {
  const waves = [
    { name: "half", percent: 50, soakMs: 100 },
    { name: "all", percent: 100, soakMs: 100 },
  ];
  const rolloutId = await begin({ waves });
  await serve(2);
  await state(rolloutId, "completed");

  await server.rollouts.command(rolloutId, "rollback", { actor: ADA, reason: "a bad night" });
  await serve(1);
  await state(rolloutId, "rolled-back");

  const { total } = await server.rollouts.targets(rolloutId, { limit: 10, offset: 0 }, "committed");
  expect(total).toBe(4);
});

test("a tag decides who is reached, and nobody else is", async () => {
  const [chosen] = devices;
  const deviceId = decodeWith(deviceIdSchema, chosen?.status().deviceId, {
    what: "device",
    code: "INTERNAL",
  });
  await server.devices.setTags(deviceId, { add: ["internal"], remove: [] }, "ada");
  const waves = [{ name: "internal", percent: 100, soakMs: 0 }];
  const rolloutId = await begin({ filter: "tag == internal", waves });
  await state(rolloutId, "completed");

  await eventually("the tagged device to serve version 2", async () =>
    chosen!.model(MODEL).version === 2 ? true : undefined,
  );
  expect(devices.slice(1).map((device) => device.model(MODEL).version)).toEqual([1, 1, 1]);
});

test("a server that is started again goes on with its rollout", async () => {
  const waves = [{ name: "all", percent: 100, soakMs: 0, isManual: true }];
  const rolloutId = await begin({ waves });
  await serve(2);
  await eventually("the wave to wait for a person", async () => {
    const [wave] = (await server.rollouts.get(rolloutId)).waves;
    return wave?.state === "waiting-promotion" ? true : undefined;
  });

  const before = await server.rollouts.get(rolloutId);
  await server.close();
  server = await startCloudsServer(join(directory, "server"));

  expect(await server.rollouts.get(rolloutId)).toEqual(before);
  await server.rollouts.command(rolloutId, "promote", { actor: ADA, reason: "well" });
  await state(rolloutId, "completed");
});

test("a shadow answers the same requests on real devices, is compared, and is never served", async () => {
  const waves = [{ name: "all", percent: 100, soakMs: 0 }];
  const rolloutId = await begin({ kind: "shadow", waves });
  const input = new Float32Array(INPUTS).fill(0.5);

  const comparison = await eventually("twenty requests to be compared", async () => {
    for (const device of devices) await device.model(MODEL).predict({ input });
    const { comparison: found } = await server.rollouts.get(rolloutId);
    return (found?.arms[0]?.sample ?? 0) >= 20 ? found : undefined;
  });

  // Both versions have the same weights.
  expect(comparison?.arms[0]).toMatchObject({ version: 2, value: 1 });
  expect(devices.map((device) => device.model(MODEL).version)).toEqual([1, 1, 1, 1]);
  await server.rollouts.command(rolloutId, "abort", { actor: ADA, reason: "seen enough" });
  await state(rolloutId, "aborted");
});
