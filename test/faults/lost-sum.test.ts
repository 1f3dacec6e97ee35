import type { Device, TrainingData } from "@fedge/device-runtime";
import { mkdtemp, readdir, rm, truncate, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cloudExamples, cloudsTask, importClouds, startDevice } from "../e2e/digits-task.js";
import { ServerProcess, freePort } from "../e2e/server-process.js";
import { eventually } from "../e2e/waiting.js";

let directory = "";
let server: ServerProcess;
let devices: Device[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-lost-sum-"));
  const place = { state: join(directory, "server"), httpPort: await freePort(), mqttPort: await freePort() };
  server = new ServerProcess(place);
  await server.start();
  await importClouds(server);
});

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Round {
  readonly outcome: string;
  readonly abandonReason: string | null;
  readonly version: number | null;
}
interface TaskView {
  readonly status: string;
  readonly liveRound: { readonly numCounted: number } | null;
}

test.each([
  ["is gone", (path: string) => unlink(path)],
  ["was cut short", (path: string) => truncate(path, 100)],
])("a round whose sum %s is abandoned at the next start, and the task goes on", async (_what, damage) => {
  // One device reports; the other one does not get at its examples, so that the round stays open with one update.
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { numExamples, examples } = cloudExamples("bo");
  const heldExamples: TrainingData = {
    numExamples,
    examples: async (most) => {
      await held;
      return examples(most);
    },
  };
  devices = [
    await startDevice(server.url, join(directory, "ana"), "ana"),
    await startDevice(server.url, join(directory, "bo"), "bo", { trainingData: { clouds: heldExamples } }),
  ];
  const round = { goalReports: 2, minReports: 2, minAvailable: 2 };
  await server.post("/v1/tasks", cloudsTask({ maxRounds: 3, round }));
  await eventually("the first update to be counted", async () => {
    const { liveRound } = await server.get<TaskView>("/v1/tasks/clouds-1");
    return liveRound?.numCounted === 1 ? true : undefined;
  });
  await server.kill();
  const folds = join(directory, "server/folds");
  for (const name of await readdir(folds)) await damage(join(folds, name));
  await server.start();
  release();

  await eventually("the task to end", async () => {
    const { status } = await server.get<TaskView>("/v1/tasks/clouds-1");
    return status === "completed" ? true : undefined;
  });
  const { rounds } = await server.get<{ rounds: Round[] }>("/v1/tasks/clouds-1/rounds");
  expect(rounds.map(({ outcome, abandonReason, version }) => [outcome, abandonReason, version])).toEqual([
    ["abandoned", "aggregation-failed", null],
    ["committed", null, 2],
    ["committed", null, 3],
  ]);
});
