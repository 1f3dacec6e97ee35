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
interface Task {
  readonly numRounds: number;
  readonly status: string;
  readonly latestVersion: number;
}
interface Version {
  readonly version: number;
  readonly parentVersion: number | null;
  readonly roundId: string | null;
  readonly optimizerState: { readonly sha256: string } | null;
  readonly numServing: number;
}

const KILLS = 10;
/** More than are ever reached: the task is stopped when it has gone on after the last kill. */
const MAX_ROUNDS = 10_000;
const ROUNDS_AFTER_LAST_KILL = 20;
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

const taskNow = (): Promise<Task> => server.get<Task>("/v1/tasks/clouds-1");

async function allPages<T>(pageOf: (page: string) => Promise<T[]>): Promise<T[]> {
  const rows: T[] = [];
  for (;;) {
    const page = await pageOf(`limit=500&offset=${rows.length}`);
    rows.push(...page);
    if (page.length < 500) return rows;
  }
}

async function roundsMore(numMore: number): Promise<void> {
  const { numRounds: before } = await taskNow();
  await eventually(
    `${numMore} rounds more`,
    async () => ((await taskNow()).numRounds >= before + numMore ? true : undefined),
    120_000,
  );
}

test(`a task survives ten kill -9 of its aggregator (FEDGE_TEST_SEED=${seed})`, async () => {
  const random = createRandom(seed);
  const serverOptimizer = { kind: "fedadam", learningRate: 0.05, beta1: 0.9, beta2: 0.99, tau: 0.001 };
  await server.post("/v1/tasks", cloudsTask({ maxRounds: MAX_ROUNDS, serverOptimizer }));

  for (let kill = 0; kill < KILLS; kill += 1) {
    await roundsMore(1);
    // A round takes about a tenth of a second; a session that lasts a second is no flapping to back off from.
    await pause(1000 + random.below(1000));
    expect((await taskNow()).status).toBe("running");
    await server.kill();
    await server.start();
  }
  await roundsMore(ROUNDS_AFTER_LAST_KILL);
  await server.post("/v1/tasks/clouds-1/stop", {});
  const task = await taskNow();
  const rounds = await allPages(async (page) => {
    return (await server.get<{ rounds: Round[] }>(`/v1/tasks/clouds-1/rounds?${page}`)).rounds;
  });
  const versions = await allPages(async (page) => {
    return (await server.get<{ versions: Version[] }>(`/v1/models/clouds/versions?${page}`)).versions;
  });

  expect(task.status).toBe("stopped");
  expect(rounds.map((round) => round.number)).toEqual(rounds.map((_, at) => at + 1));
  expect(rounds.length).toBeGreaterThanOrEqual(KILLS + ROUNDS_AFTER_LAST_KILL);
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
