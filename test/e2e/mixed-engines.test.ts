import { startServer, type RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { NODE_ENGINES } from "@fedge/device-runtime/node";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeWith, modelName, taskId } from "@fedge/protocol";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLASSES, INPUTS, cloudExamples, cloudsTask, startDevice } from "./digits-task.js";
import { runFedge } from "./fedge-command.js";
import { cloudsConverted } from "./layers-model.js";
import { eventually } from "./waiting.js";

const ROUNDS = 8;
const clouds = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });
const plain = decodeWith(modelName, "plain", { what: "model", code: "OPTION_INVALID" });
const task = decodeWith(taskId, "clouds-1", { what: "task", code: "OPTION_INVALID" });

const training = {
  ...{ epochs: 5, batchSize: 10, learningRate: 0.3, proximalMu: 0, maxExamples: 1000, minExamples: 1 },
};
const heldOut = cloudExamples("held out", 100);

let directory = "";
let server: RunningServer;
const devices: Device[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-engines-"));
  server = await startServer({
    ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
    stateDirectory: join(directory, "server"),
  });
  await server.service.importModel({
    model: clouds,
    onnx: await cloudsConverted(),
    training: { loss: "softmax-cross-entropy" },
  });
});

afterAll(async () => {
  await Promise.all(devices.map((device) => device.close()));
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

test("devices with three engines train one model in every round, and all serve what comes of it", async () => {
  for (const engine of NODE_ENGINES) {
    devices.push(await startDevice(server.httpUrl, join(directory, engine), engine, { engine }));
  }
  await server.service.createTask(cloudsTask({ maxRounds: ROUNDS, training }) as never);

  await eventually("every device to serve the last version", async () => {
    const isLast = devices.every((device) => device.model("clouds").version === ROUNDS + 1);
    return isLast ? true : undefined;
  });

  const rounds = await server.service.listRounds(task);
  expect(rounds.map(({ outcome, numCounted }) => [outcome, numCounted])).toEqual(
    rounds.map(() => ["committed", NODE_ENGINES.length]),
  );
  const answers = await Promise.all(devices.map((device) => probabilities(device)));
  for (const answer of answers) {
    answer.forEach((value, at) => expect(value).toBeCloseTo(answers[0]?.[at] ?? Number.NaN, 5));
  }
  expect(await accuracyOf(answers[0] ?? [])).toBeGreaterThan(0.9);
});

test("devices with three engines are asked for one evaluation, and all answer it", async () => {
  const version = ROUNDS + 1;
  const place = ["--server", server.httpUrl, "--token", server.adminToken, "--json"];
  const { exitCode, stdout } = await runFedge(
    ["model", "evaluate", `clouds@${version}`, "--devices", "3", "--min-devices", "3", ...place],
    { cwd: directory },
  );

  expect(exitCode).toBe(0);
  const { numAnswered, result } = JSON.parse(stdout) as Evaluated;
  expect([numAnswered, result.numExamples]).toEqual([3, 180]);
  // The mean of -log p of the labels, by the answers of each device to its own examples.
  expect(result.versions[0]?.loss).toBeCloseTo(await lossOfAnswers(), 5);
});

test("a device says which engine it has", async () => {
  const known = await server.service.listDevices();

  expect(known.map(({ engine }) => engine?.split("@")[0]).sort()).toEqual([
    "onnxruntime-node",
    "onnxruntime-web",
    "tfjs-wasm",
  ]);
});

test("a device whose engine runs layers models serves nothing of an ONNX model, and says why", async () => {
  const onnx = logistic({ inputs: INPUTS, classes: CLASSES });
  await server.service.importModel({ model: plain, onnx, training: { loss: "softmax-cross-entropy" } });
  const errors: unknown[] = [];
  const device = await startDevice(server.httpUrl, join(directory, "plain"), "plain", {
    ...{ engine: "tfjs", models: ["plain"], trainingData: {} },
  });
  devices.push(device);
  device.on("error", (error) => errors.push(error));

  const refusal = await eventually("the device to refuse the version", async () => errors[0]);

  expect(refusal).toMatchObject({ code: "MODEL_INCOMPATIBLE" });
  expect(device.model("plain").version).toBeNull();
});

interface Evaluated {
  readonly numAnswered: number;
  readonly result: {
    readonly numExamples: number;
    readonly versions: readonly { readonly loss: number }[];
  };
}

async function lossOfAnswers(): Promise<number> {
  const losses: number[] = [];
  for (const [at, engine] of NODE_ENGINES.entries()) {
    const { inputs, target } = await cloudExamples(engine).examples(1000);
    const answer = await devices[at]?.model("clouds").predict(inputs);
    const chances = answer?.outputs["classes"]?.data as Float32Array;
    for (const [row, label] of (target.data as BigInt64Array).entries())
      losses.push(-Math.log(chances[row * CLASSES + Number(label)] ?? Number.NaN));
  }
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Of each class, for clouds that no device has trained on. */
async function probabilities(device: Device): Promise<number[]> {
  const { inputs } = await heldOut.examples(100);
  const { outputs } = await device.model("clouds").predict(inputs);
  return Array.from(outputs["classes"]?.data as Float32Array);
}

/** Part of the rows whose own class is the likeliest. */
async function accuracyOf(answer: readonly number[]): Promise<number> {
  const { target, numExamples } = await heldOut.examples(100);
  const isRight = (label: bigint, row: number): boolean => {
    const chances = answer.slice(row * CLASSES, (row + 1) * CLASSES);
    return chances.indexOf(Math.max(...chances)) === Number(label);
  };
  return Array.from(target.data as BigInt64Array).filter(isRight).length / numExamples;
}
