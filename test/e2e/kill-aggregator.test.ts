import { createRandom, decodeSafetensors } from "@fedge/protocol";
import type { Device } from "@fedge/device-runtime";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cloudsTask, importClouds, startDevice } from "./digits-task.js";
import { ServerProcess, freePort } from "./server-process.js";
import { eventually, pause } from "./waiting.js";

interface Round {
  readonly roundId: string;
  readonly number: number;
  readonly outcome: string;
  readonly version: number | null;
}
interface Version {
  readonly version: number;
  readonly parentVersion: number | null;
  readonly roundId: string | null;
  readonly optimizerState: { readonly sha256: string } | null;
  readonly numServing: number;
}

const KILLS = 10;
const ROUNDS = 400;
const seed = process.env["FEDGE_TEST_SEED"] ?? String(Math.floor(performance.timeOrigin));
const devices: Device[] = [];
let directory = "";
let server: ServerProcess;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-kill-"));
  const place = { state: join(directory, "server"), httpPort: await freePort(), mqttPort: await freePort() };
  server = new ServerProcess(place);
  await server.start();
  await importClouds(server);
  for (const name of ["ana", "bo", "chen"])
    devices.push(await startDevice(server.url, join(directory, name), name));
});

afterAll(async () => {
  await Promise.all(devices.map((device) => device.close()));
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

async function optimizerSteps({ optimizerState }: Version): Promise<number> {
  const { sha256 } = optimizerState ?? { sha256: "" };
  const path = join(directory, "server/blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  return Number(decodeSafetensors(await readFile(path)).metadata["fedge.step"]);
}

test(`a task survives ten kill -9 of its aggregator (FEDGE_TEST_SEED=${seed})`, async () => {
  const random = createRandom(seed);
  const serverOptimizer = { kind: "fedadam", learningRate: 0.05, beta1: 0.9, beta2: 0.99, tau: 0.001 };
  await server.post("/v1/tasks", cloudsTask({ maxRounds: ROUNDS, serverOptimizer }));

  let killsWhileRunning = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = (await server.get<{ numRounds: number }>("/v1/tasks/clouds-1")).numRounds;
    await eventually("the rounds to go on", async () => {
      const task = await server.get<{ numRounds: number; status: string }>("/v1/tasks/clouds-1");
      return task.numRounds > before || task.status !== "running" ? true : undefined;
    });
    // A round takes about a tenth of a second; a session that lasts a second is no flapping to back off from.
    await pause(1000 + random.below(1000));
    const { status } = await server.get<{ status: string }>("/v1/tasks/clouds-1");
    if (status === "running") killsWhileRunning += 1;
    await server.kill();
    await server.start();
  }
  const task = await eventually(
    "the task to end",
    async () => {
      const view = await server.get<{ status: string; latestVersion: number }>("/v1/tasks/clouds-1");
      return view.status === "completed" ? view : undefined;
    },
    120_000,
  );
  const { rounds } = await server.get<{ rounds: Round[] }>("/v1/tasks/clouds-1/rounds?limit=500");
  const { versions } = await server.get<{ versions: Version[] }>("/v1/models/clouds/versions?limit=500");

  expect(killsWhileRunning).toBe(KILLS);
  expect(rounds.map((round) => round.number)).toEqual(Array.from({ length: ROUNDS }, (_, at) => at + 1));
  const committed = rounds.filter((round) => round.outcome === "committed");
  expect(committed.map((round) => round.version)).toEqual(committed.map((_, at) => at + 2));
  expect(versions.map((version) => version.version).sort((one, other) => one - other)).toEqual(
    Array.from({ length: committed.length + 1 }, (_, at) => at + 1),
  );
  for (const version of versions.filter((one) => one.version > 1)) {
    expect(version.parentVersion).toBe(version.version - 1);
    // FedAdam counts its steps: a state that was lost or stepped twice would count others.
    expect(await optimizerSteps(version)).toBe(version.version - 1);
  }
  for (const { roundId } of rounds) {
    const { events } = await server.get<{ events: { type: string; updates?: { deviceId: string }[] }[] }>(
      `/v1/rounds/${roundId}`,
    );
    const counted = events.flatMap((event) =>
      event.type === "updates-counted" ? (event.updates ?? []) : [],
    );
    expect(new Set(counted.map((update) => update.deviceId)).size).toBe(counted.length);
  }
  await eventually("every device to serve the newest version", async () => {
    const versionsServed = devices.map((device) => device.status().versions["clouds"]);
    return versionsServed.every((version) => version === task.latestVersion) ? true : undefined;
  });
}, 480_000);
