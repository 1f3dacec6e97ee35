import type { RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { twoNN } from "@fedge/onnx-autodiff/zoo";
import { BLOCK_BYTES, decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDevice } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import { firstRound, roundOfThree, startCloudsServer } from "./clouds-server.js";
import { CuttingProxy, type Direction } from "./cutting-proxy.js";

/** Parameters of the 2NN: 797 kB as float32, in seven blocks. */
const NUM_PARAMETERS = 199_210;
/** What a new connection says before it goes on: handshakes, birth, presence, subscriptions, report. */
const RECONNECTION_BYTES = 8192;

let directory = "";
let server: RunningServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-cut-"));
  server = await startCloudsServer(join(directory, "server"));
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function importDigits(model: string): Promise<void> {
  await server.service.importModel({
    model: decodeWith(modelName, model, { what: "model", code: "OPTION_INVALID" }),
    onnx: twoNN({ seed: 1 }),
    training: { loss: "softmax-cross-entropy" },
  });
}

/** A device behind a proxy that trains in no time. */
function startBehind(proxy: CuttingProxy, model: string, name: string): Promise<Device> {
  const examples = {
    numExamples: 1,
    inputs: { input: { shape: [1, 784], data: new Float32Array(784) } },
    target: { shape: [1], data: BigInt64Array.of(0n) },
  };
  return startDevice(proxy.url, join(directory, `${model}-${name}`), name, {
    useWebSocket: true,
    models: [model],
    trainingData: { [model]: { numExamples: () => 1, examples: () => examples } },
    trainer: {
      form: "onnx",
      train: async () => ({
        delta: new Float32Array(NUM_PARAMETERS).fill(0.001),
        numExamples: 1,
        metrics: { steps: 1, trainMs: 1, lossBefore: 1, lossAfter: 1 },
      }),
      close: async () => undefined,
    },
  });
}

test.each<[string, Direction, readonly number[]]>([
  ["an upload is cut in its first, third and last block", "up", [60_000, 300_000, 790_000]],
  ["an upload is cut twice in one block", "up", [250_000, 290_000]],
  ["a download is cut in its first, third and last block", "down", [60_000, 300_000, 790_000]],
  ["a download is cut twice in one block", "down", [250_000, 290_000]],
])("%s: the transfer goes on where it was", async (name, direction, points) => {
  const model = name.replaceAll(/[^a-z]+/g, "-");
  const taskId = `cut-${direction}-${points.length}`;
  const port = Number(new URL(server.httpUrl).port);
  const steady = await CuttingProxy.listen(port, { direction, points: [] });
  const cut = await CuttingProxy.listen(port, { direction, points });
  await importDigits(model);
  const devices = await Promise.all([startBehind(steady, model, "steady"), startBehind(cut, model, "cut")]);
  await server.service.createTask(
    roundOfThree(model, {
      taskId,
      round: { goalReports: 2, minAvailable: 2 },
    }),
  );

  const round = await firstRound(server, taskId);
  // Both have downloaded the same then: what they trained and what came of it.
  await eventually("both devices to serve the round's version", async () =>
    devices.every((device) => device.model(model).version === 2) ? true : undefined,
  );
  const [steadyBytes, cutBytes] = [steady.bytes(direction), cut.bytes(direction)];
  await Promise.all(devices.map((device) => device.close()));
  await Promise.all([steady.close(), cut.close()]);

  expect(round).toMatchObject({ outcome: "committed", numCounted: 2 });
  expect(cut.numCuts).toBe(points.length);
  expect(steadyBytes).toBeGreaterThan(4 * NUM_PARAMETERS);
  expect(cutBytes).toBeLessThanOrEqual(steadyBytes + points.length * (BLOCK_BYTES + RECONNECTION_BYTES));
});
