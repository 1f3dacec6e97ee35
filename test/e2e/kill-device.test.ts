import { twoNN } from "@fedge/onnx-autodiff/zoo";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeviceProcess } from "./device-process.js";
import { cloudsTask } from "./digits-task.js";
import { ServerProcess, freePort } from "./server-process.js";
import { eventually } from "./waiting.js";

/** Phases in which a device is killed, one after the other. */
const KILLED_WHILE = ["training", "uploading", "assigned", "uploading", "training", "reported"];
const ROUNDS = 20;
let directory = "";
let server: ServerProcess;
let devices: DeviceProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-devices-"));
  const place = { state: join(directory, "server"), httpPort: await freePort(), mqttPort: await freePort() };
  server = new ServerProcess(place);
  await server.start();
  await server.post("/v1/models?model=digits&loss=softmax-cross-entropy", new Uint8Array(twoNN({ seed: 1 })));
  devices = ["ana", "bo", "chen"].map((name) => new DeviceProcess(server.url, join(directory, name), name));
  for (const device of devices) device.start();
});

afterAll(async () => {
  await Promise.all(devices.map((device) => device.stop()));
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Round {
  readonly roundId: string;
  readonly outcome: string;
  readonly numCounted: number;
}
interface Counted {
  readonly events: readonly { type: string; updates?: { deviceId: string }[] }[];
}

test("devices that are killed while they train and send come back, and each round counts each of them once", async () => {
  await server.post("/v1/tasks", cloudsTask({ model: "digits", maxRounds: ROUNDS }));
  for (const [at, phase] of KILLED_WHILE.entries()) {
    const device = devices[at % devices.length] as DeviceProcess;
    await device.reaches(phase);
    await device.kill();
    device.start();
  }
  const task = await eventually("the task to end", async () => {
    const view = await server.get<{ status: string; latestVersion: number }>("/v1/tasks/clouds-1");
    return view.status === "completed" ? view : undefined;
  });
  const { rounds } = await server.get<{ rounds: Round[] }>("/v1/tasks/clouds-1/rounds?limit=500");

  // Whoever was killed was waited for, so every round has all three.
  expect(rounds.map(({ outcome, numCounted }) => [outcome, numCounted])).toEqual(
    Array.from({ length: ROUNDS }, () => ["committed", devices.length]),
  );
  for (const { roundId } of rounds) {
    const { events } = await server.get<Counted>(`/v1/rounds/${roundId}`);
    const ids = events.flatMap(({ updates }) => (updates ?? []).map(({ deviceId }) => deviceId));
    expect(new Set(ids).size).toBe(devices.length);
    expect(ids).toHaveLength(devices.length);
  }
  const { devices: known } = await server.get<{ devices: object[] }>("/v1/devices");
  expect(known).toHaveLength(devices.length);
  await eventually("every device to serve the newest version", async () =>
    devices.every((device) => device.lastVersion === task.latestVersion) ? true : undefined,
  );
}, 240_000);
