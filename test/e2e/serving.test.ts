import { startServer, type RunningServer, type TaskConfig } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { createProcessTrainer } from "@fedge/device-runtime/node";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeWith, modelName, taskId } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLASSES, INPUTS, cloudExamples, cloudsTask, startDevice } from "./digits-task.js";
import { eventually } from "./waiting.js";

const ROUNDS = 8;
const model = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });
const input = { input: { shape: [1, INPUTS], data: new Float32Array(INPUTS).fill(0.5) } };

let directory = "";
let server: RunningServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-serving-"));
  const stateDirectory = join(directory, "server");
  server = await startServer({
    host: "127.0.0.1",
    httpPort: 0,
    mqttPort: 0,
    stateDirectory,
    logLevel: "silent",
  });
  await server.service.importModel({
    model,
    onnx: logistic({ inputs: INPUTS, classes: CLASSES, seed: 1 }),
    training: { loss: "softmax-cross-entropy" },
  });
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

interface Served {
  readonly versions: readonly number[];
  readonly failures: readonly unknown[];
}

/** Predicts again and again until `isOver`. */
async function predictUntil(device: Device, isOver: () => boolean): Promise<Served> {
  const [versions, failures]: [number[], unknown[]] = [[], []];
  while (!isOver()) {
    try {
      versions.push((await device.model(model).predict(input)).version);
    } catch (error) {
      failures.push(error);
    }
    // Lets messages in: a native run that ends at once would otherwise leave the loop no turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return { versions, failures };
}

async function taskIs(name: string, status: string): Promise<void> {
  const id = decodeWith(taskId, name, { what: "task", code: "OPTION_INVALID" });
  await eventually(`task ${name} to be ${status}`, async () =>
    (await server.service.getTask(id)).status === status ? true : undefined,
  );
}

function task(name: string, maxRounds: number, epochs: number): TaskConfig {
  const round = { goalReports: 1, minAvailable: 1, minReports: 1 };
  const training = { ...(cloudsTask({}) as TaskConfig).training, epochs };
  return cloudsTask({ taskId: name, maxRounds, round, training }) as TaskConfig;
}

test("predictions go on while versions are swapped and training runs, and each names its version", async () => {
  const device = await startDevice(server.httpUrl, join(directory, "busy"), "busy");
  await eventually("the first version", async () => device.model(model).version ?? undefined);
  let isOver = false;
  const serving = predictUntil(device, () => isOver);

  await server.service.createTask(task("busy", ROUNDS, 1));
  await taskIs("busy", "completed");
  await eventually("the last version", async () =>
    device.model(model).version === ROUNDS + 1 ? true : undefined,
  );
  isOver = true;
  const { versions, failures } = await serving;
  await device.close();

  expect(failures).toEqual([]);
  expect(versions).toEqual([...versions].sort((one, other) => one - other));
  expect(new Set(versions).size).toBeGreaterThan(1);
  expect(versions[0]).toBe(1);
});

test("a trainer that is killed disturbs no prediction, and the next training works", async () => {
  const pids: number[] = [];
  const trainer = createProcessTrainer({ onStarted: (pid) => pids.push(pid) });
  const codes: unknown[] = [];
  const device = await startDevice(server.httpUrl, join(directory, "killed"), "killed", {
    trainer,
    trainingData: { clouds: cloudExamples("killed", 1000) },
  });
  await eventually("a version", async () => device.model(model).version ?? undefined);
  device.on("round", ({ phase, code }) => {
    if (phase === "given-up") codes.push(code);
    // The trainer has the plan for a second of work: it dies in the middle of that.
    if (phase === "training" && pids.length === 0) {
      void eventually("the trainer's process", async () => pids[0]).then((pid) =>
        process.kill(pid, "SIGKILL"),
      );
    }
  });
  let isOver = false;
  const serving = predictUntil(device, () => isOver);

  await server.service.createTask(task("killed", 1, 1000));
  await taskIs("killed", "completed");
  const restarted = await startDevice(server.httpUrl, join(directory, "next"), "next", { trainer });
  await server.service.createTask(task("next", 1, 1));
  await taskIs("next", "completed");
  isOver = true;
  const { versions, failures } = await serving;
  await Promise.all([device.close(), restarted.close()]);

  expect(codes).toEqual(["TRAINER_DIED"]);
  expect(failures).toEqual([]);
  expect(versions.length).toBeGreaterThan(0);
  expect(pids.length).toBe(2);
  const [round] = await server.service.listRounds(
    decodeWith(taskId, "next", { what: "task", code: "OPTION_INVALID" }),
  );
  expect(round).toMatchObject({ outcome: "committed", numCounted: 1 });
});

test("a device that starts without its server serves what it had", async () => {
  const place = join(directory, "alone");
  const first = await startDevice(server.httpUrl, place, "alone");
  const version = await eventually("a version", async () => first.model(model).version ?? undefined);
  const before = await first.model(model).predict(input);
  await first.close();

  const again = await startDevice("http://127.0.0.1:9", place, "alone");
  const after = await again.model(model).predict(input);
  const { isOnline } = again.status();
  await again.close();

  expect(isOnline).toBe(false);
  expect(after.version).toBe(version);
  expect(after.outputs).toEqual(before.outputs);
});
