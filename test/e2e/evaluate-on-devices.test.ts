import { startServer, type RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeWith, modelName, taskId } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HostileDevice, enrol } from "../faults/hostile-device.js";
import { CLASSES, INPUTS, cloudExamples, cloudsTask, startDevice } from "./digits-task.js";
import { runFedge, type CommandResult } from "./fedge-command.js";
import { eventually } from "./waiting.js";

const clouds = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });
const NUM_DEVICES = 4;
const EXAMPLES_EACH = 60;

let directory = "";
let server: RunningServer;
const devices: Device[] = [];

const training = (learningRate: number): object => ({
  ...{ epochs: 2, batchSize: 10, learningRate, proximalMu: 0, maxExamples: 1000, minExamples: 1 },
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-evaluate-"));
  server = await startServer({
    ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
    stateDirectory: join(directory, "server"),
  });
  await server.service.importModel({
    model: clouds,
    onnx: logistic({ inputs: INPUTS, classes: CLASSES, seed: 1 }),
    training: { loss: "softmax-cross-entropy" },
  });
  for (let at = 0; at < NUM_DEVICES; at += 1)
    devices.push(await startDevice(server.httpUrl, join(directory, `${at}`), `${at}`));
  await train("clouds-1", 0.02, 1);
  await allServe(2);
});

afterAll(async () => {
  await Promise.all(devices.map((device) => device.close()));
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function train(id: string, learningRate: number, maxRounds: number, more: object = {}): Promise<void> {
  const round = { goalReports: NUM_DEVICES, minReports: NUM_DEVICES, minAvailable: NUM_DEVICES };
  const task = cloudsTask({ taskId: id, maxRounds, training: training(learningRate), round, ...more });
  await server.service.createTask(task as never);
  const named = decodeWith(taskId, id, { what: "task", code: "OPTION_INVALID" });
  await eventually(`task ${id} to end`, async () =>
    (await server.service.getTask(named)).status === "running" ? undefined : true,
  );
}

function allServe(version: number): Promise<true> {
  return eventually(`every device to serve version ${version}`, async () =>
    devices.every((device) => device.model("clouds").version === version) ? true : undefined,
  );
}

function fedge(...args: readonly string[]): Promise<CommandResult> {
  return runFedge([...args, "--server", server.httpUrl, "--token", server.adminToken], { cwd: directory });
}

/** -log p of the label, by the answers of the version that the devices serve. */
async function lossByHand(): Promise<number> {
  let sum = 0;
  for (const [at, device] of devices.entries()) {
    const { inputs, target } = await cloudExamples(`${at}`).examples(EXAMPLES_EACH);
    const { outputs } = await device.model("clouds").predict(inputs);
    const [scores] = Object.values(outputs).map(({ data }) => data as Float32Array);
    for (const [row, label] of (target.data as BigInt64Array).entries()) {
      const own = Array.from((scores as Float32Array).subarray(row * CLASSES, (row + 1) * CLASSES));
      sum += Math.log(own.reduce((all, score) => all + Math.exp(score), 0)) - (own[Number(label)] as number);
    }
  }
  return sum / (NUM_DEVICES * EXAMPLES_EACH);
}

interface Run {
  readonly runId: string;
  readonly numAnswered: number;
  readonly declined: Readonly<Record<string, number>>;
  readonly result: {
    readonly verdict: string;
    readonly numExamples: number;
    readonly versions: readonly {
      readonly version: number;
      readonly loss: number;
      readonly accuracy: number;
    }[];
  };
}

test("the command asks real devices, whose loss is what their own answers make", async () => {
  const { exitCode, stdout, stderr } = await fedge(
    ...["model", "evaluate", "clouds@2", "--against", "clouds@1", "--min-devices", "4", "--json"],
  );
  expect([exitCode, stderr]).toEqual([0, ""]);
  const { result, runId } = JSON.parse(stdout) as Run;

  expect(result).toMatchObject({ verdict: "better", numExamples: NUM_DEVICES * EXAMPLES_EACH });
  expect(result.versions[0]?.loss).toBeCloseTo(await lossByHand(), 5);
  const kept = await server.service.getVersion(clouds, 2);
  expect(JSON.stringify(kept)).toContain(`devices:${runId}`);
  expect(devices.map((device) => device.model("clouds").version)).toEqual([2, 2, 2, 2]);
});

test("a device whose person takes the consent back is not measured, and the cohort is too small", async () => {
  devices[0]?.setConsent({ training: false });
  const { exitCode, stderr } = await fedge("model", "evaluate", "clouds@2", "--min-devices", "4");
  devices[0]?.setConsent({ training: true });

  expect(exitCode).toBe(1);
  expect(stderr).toContain("3 devices answered; nothing is shown of fewer than 4");
});

test("a hostile device's sums count for nothing, and the honest ones' are shown", async () => {
  const models = [{ model: clouds, version: 2, manifestSha256: null }];
  const liar = await HostileDevice.connect(await enrol(server.httpUrl), 5, models);
  const command = fedge(
    "model",
    "evaluate",
    "clouds@2",
    "--against",
    "clouds@1",
    "--min-devices",
    "4",
    "--json",
  );
  const { runId, attempt, versions } = await liar.next("evaluate");
  const results = versions.map(({ version }) => ({ version, numCorrect: 0, lossSum: -1e9 }));
  await liar.say("fl/up", { type: "evaluated", runId, attempt, numExamples: 1000, numTerms: 1e9, results });
  const { stdout } = await command;
  liar.destroy();

  expect(JSON.parse(stdout) as Run).toMatchObject({
    ...{ numAnswered: 4, declined: { EVALUATION_INVALID: 1 } },
    result: { verdict: "better", numExamples: NUM_DEVICES * EXAMPLES_EACH },
  });
});

test("the autopilot proposes what the devices find better, beside the rounds", async () => {
  const autopilot = {
    everyGoodRounds: 2,
    evaluation: "devices",
    template: "quick",
    needsApproval: true,
    minDevices: 4,
  };
  await train("clouds-2", 0.3, 2, { autopilot });

  const proposed = await eventually(
    "the autopilot to propose a rollout",
    async () => (await server.rollouts.list())[0],
  );
  expect(proposed).toMatchObject({ state: "waiting-approval", config: { version: 4 } });
  expect(proposed.config.note).toContain("better than version 2 on 4 devices");
});
