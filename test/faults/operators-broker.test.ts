import {
  rolloutFromTemplate,
  startServer,
  type RolloutId,
  type RunningServer,
  type TaskConfig,
} from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeWith, modelName, taskId } from "@fedge/protocol";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLASSES, INPUTS, cloudsTask, startDevice } from "../e2e/digits-task.js";
import { freePort } from "../e2e/server-process.js";
import { eventually } from "../e2e/waiting.js";
import { HostileDevice, enrol } from "./hostile-device.js";

const PROGRAM = "/usr/sbin/mosquitto";
const isInstalled = existsSync(PROGRAM);
const model = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });

let directory = "";
let brokerPort = 0;
let broker: ChildProcess;
let server: RunningServer;
let device: Device;

/** Keeps nothing: a broker that is killed has forgotten every retained message. */
async function startBroker(): Promise<void> {
  const file = join(directory, "mosquitto.conf");
  const lines = [`listener ${brokerPort} 127.0.0.1`, "allow_anonymous true", "persistence false"];
  await writeFile(file, `${[...lines, "log_dest stderr"].join("\n")}\n`);
  const child = spawn(PROGRAM, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
  broker = child;
  for await (const line of createInterface({ input: child.stderr })) if (/ running/.test(line)) break;
  child.stderr.resume();
}

async function killBroker(): Promise<void> {
  const exited = once(broker, "exit");
  broker.kill("SIGKILL");
  await exited;
}

async function healthStatus(): Promise<number> {
  return (await fetch(`${server.httpUrl}/healthz`)).status;
}

async function train(name: string): Promise<number> {
  const id = decodeWith(taskId, name, { what: "task", code: "OPTION_INVALID" });
  const round = { goalReports: 1, minAvailable: 1, minReports: 1 };
  await server.service.createTask(cloudsTask({ taskId: name, maxRounds: 2, round }) as TaskConfig);
  return eventually(`task ${name} to be completed`, async () => {
    const { status, latestVersion } = await server.service.getTask(id);
    return status === "completed" ? (latestVersion ?? undefined) : undefined;
  });
}

async function serves(version: number): Promise<void> {
  await eventually(`the device to serve version ${version}`, async () =>
    device.model(model).version === version ? true : undefined,
  );
}

beforeAll(async () => {
  if (!isInstalled) return;
  directory = await mkdtemp(join(tmpdir(), "fedge-broker-"));
  brokerPort = await freePort();
  await startBroker();
  const brokerUrl = `mqtt://127.0.0.1:${brokerPort}`;
  const state = { stateDirectory: join(directory, "server"), logLevel: "silent" } as const;
  server = await startServer({ host: "127.0.0.1", httpPort: 0, mqttPort: 0, brokerUrl, ...state });
  await server.service.importModel({
    model,
    onnx: logistic({ inputs: INPUTS, classes: CLASSES, seed: 1 }),
    training: { loss: "softmax-cross-entropy" },
  });
  device = await startDevice(server.httpUrl, join(directory, "device"), "ana");
});

afterAll(async () => {
  if (!isInstalled) return;
  await device.close();
  await server.close();
  await killBroker();
  await rm(directory, { recursive: true, force: true });
});

const withBroker = isInstalled ? test : test.skip;
if (!isInstalled) {
  test.skip("an operator's broker: mosquitto is not installed (package mosquitto)", () => undefined);
}

withBroker("a task runs and its version arrives over an operator's broker", async () => {
  await serves(await train("before"));
});

withBroker("everything goes on when the broker was killed and remembers nothing", async () => {
  await killBroker();
  await eventually("the server to say that it is not well", async () =>
    (await healthStatus()) === 200 ? undefined : true,
  );
  await startBroker();
  await eventually("the server to be back", async () => ((await healthStatus()) === 200 ? true : undefined));

  const version = await train("after");
  await serves(version);
  expect(version).toBe(5);
});

withBroker(
  "S14: a decommissioned device that the broker still lets through is not heard any more",
  async () => {
    const credentials = await enrol(server.httpUrl);
    const { deviceId } = credentials;
    const presence = async (wanted: string): Promise<true> =>
      eventually(`the device to be ${wanted}`, async () =>
        (await server.service.getDevice(deviceId)).presence === wanted ? true : undefined,
      );
    await HostileDevice.connect(credentials);
    await presence("online");
    await server.devices.decommission(deviceId, "grace", "stolen");

    // This broker knows no tokens, so the connection stays and may begin anew.
    await HostileDevice.connect(credentials, 6);
    await eventually("the server to refuse what it says", async () => {
      const text = await (await fetch(`${server.httpUrl}/metrics`)).text();
      return /fedge_messages_refused_total\{code="DEVICE_UNKNOWN"\} [1-9]/.test(text) ? true : undefined;
    });

    await presence("offline");
  },
);

withBroker("a rollout of a signed version goes out and back over an operator's broker", async () => {
  const before = device.model(model).version ?? 0;
  const imported = await server.service.importModel({
    model,
    onnx: logistic({ inputs: INPUTS, classes: CLASSES, seed: 2 }),
    training: { loss: "softmax-cross-entropy" },
  });
  const { version } = imported.version;
  const rolloutId = "over-mosquitto" as RolloutId;
  const install = { minSuccess: 1, minReached: 1, maxErrors: 0, minReports: 1 };
  const plan = { waves: [{ name: "all", percent: 100, soakMs: 0 }], gates: { install, metrics: [] } };
  const ada = { name: "ada", mayApprove: true };
  const state = (wanted: string): Promise<true> =>
    eventually(`the rollout to be ${wanted}`, async () =>
      (await server.rollouts.get(rolloutId)).state === wanted ? true : undefined,
    );
  await server.rollouts.create(rolloutFromTemplate("quick", { rolloutId, model, version, ...plan }), ada);

  await server.rollouts.command(rolloutId, "start", { actor: ada, reason: "try it" });
  await serves(version);
  await state("completed");
  await server.rollouts.command(rolloutId, "rollback", { actor: ada, reason: "a bad night" });
  await serves(before);
  await state("rolled-back");

  expect(version).toBeGreaterThan(before);
});
