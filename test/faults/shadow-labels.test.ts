import {
  rolloutFromTemplate,
  type RolloutConfig,
  type RolloutId,
  type RunningServer,
} from "@fedge/aggregator";
import type { Device, TensorValue } from "@fedge/device-runtime";
import { decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { normalFeature, sampleProfile } from "../../aggregator/src/drift/testing/sample-profile.js";
import { driftModel } from "../../aggregator/src/http/schema/drift-schema.js";
import { CLASSES, INPUTS, cloudExamples, startDevice } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import { startCloudsServer } from "./clouds-server.js";
import { knowing } from "./knowing-model.js";
import { importWatched } from "./watched-model.js";

const MODEL = "digits";
const ADA = { name: "ada", mayApprove: true };
/** The least of which anything is shown. */
const NUM_DEVICES = 20;
const WINDOW_MS = 5000;
const NUM_EXAMPLES = 200;

let directory = "";
let server: RunningServer;
let devices: Device[] = [];
let turn = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-shadow-labels-"));
  const drift = { minDevices: NUM_DEVICES, graceMs: 4000, cohortAttributes: [] };
  server = await startCloudsServer(join(directory, "server"), { drift });
  const source = { take: "value", of: "input", name: "input", at: 0 } as const;
  const profile = sampleProfile({
    features: [normalFeature("x0", { source })],
    window: { lengthMs: WINDOW_MS, minRows: 10 },
    outcomes: { numClasses: CLASSES, output: "logits" },
  });
  await importWatched(server, profile);
  const model = decodeWith(modelName, MODEL, { what: "model", code: "OPTION_INVALID" });
  await server.service.importModel({ model, onnx: knowing(), training: { loss: "softmax-cross-entropy" } });
  const names = Array.from({ length: NUM_DEVICES }, (_, index) => `device-${index}`);
  devices = await Promise.all(
    names.map((name) =>
      startDevice(server.httpUrl, join(directory, name), name, {
        ...{ models: [MODEL], trainingData: {}, metricsIntervalMs: 2000 },
      }),
    ),
  );
  await eventually("every device to watch version 1", async () =>
    devices.every((device) => device.status().drift[MODEL]?.version === 1) ? true : undefined,
  );
});

afterAll(async () => {
  await Promise.all(devices.map((device) => device.close()));
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function beginShadow(): Promise<void> {
  const rolloutId = "beside" as RolloutId;
  const model = decodeWith(modelName, MODEL, { what: "model", code: "OPTION_INVALID" });
  const install = { minSuccess: 1, minReached: 1, maxErrors: 0, minReports: 1 };
  const change: Partial<RolloutConfig> = {
    ...{ kind: "shadow", waves: [{ name: "all", percent: 100, soakMs: 0 }], rate: null },
    ...{ needsApproval: false, gates: { install, metrics: [] } },
  };
  const config = rolloutFromTemplate("quick", { rolloutId, model, version: 2, ...change });
  await server.rollouts.create(config, ADA);
  await server.rollouts.command(rolloutId, "start", { actor: ADA, reason: "to know" });
}

/** Everybody asks once, and says what would have been right: every second one at once, the others after a note. */
async function use(): Promise<void> {
  turn += 1;
  const { inputs, target } = (await cloudExamples("in use", NUM_EXAMPLES).examples(NUM_EXAMPLES)) as {
    inputs: Record<string, TensorValue>;
    target: TensorValue;
  };
  await Promise.all(
    devices.map(async (device, index) => {
      const row = (turn * NUM_DEVICES + index) % NUM_EXAMPLES;
      const data = inputs["input"]?.data.slice(row * INPUTS, (row + 1) * INPUTS) as Float32Array;
      const { id } = await device.model(MODEL).predict({ input: data });
      if (index % 2 === 0) await device.log(id, { action: "seen" });
      await device.label(id, { shape: [1], data: target.data.slice(row, row + 1) } as TensorValue);
    }),
  );
}

test("labels on real devices say which of two versions was right, and the server adds that up", async () => {
  await beginShadow();
  const shadow = await eventually(
    "a window with labels of what the shadow answered",
    async () => {
      await use();
      const headers = { authorization: `Bearer ${server.adminToken}` };
      const response = await fetch(`${server.httpUrl}/v1/drift/models/${MODEL}`, { headers });
      const { outcomes } = driftModel.parse(await response.json());
      return (outcomes?.shadow?.numLabelled ?? 0) >= 100 ? outcomes?.shadow : undefined;
    },
    150_000,
  );

  const { bothRight, onlyServed, onlyShadow, bothWrong, numLabelled } = shadow ?? ({} as never);
  expect(bothRight + onlyServed + onlyShadow + bothWrong).toBe(numLabelled);
  // The sums of the right inputs are hardly ever the wrong ones; first weights know nothing.
  expect((bothRight + onlyShadow) / numLabelled).toBeGreaterThan(0.9);
  expect((bothRight + onlyServed) / numLabelled).toBeLessThan(0.7);
  expect(shadow?.pValue).toBeLessThan(1e-6);
  expect(shadow?.labelCoverage).toBeGreaterThan(0.5);
});

test("the rollout's own comparison says who was right", async () => {
  const comparison = await eventually(
    "labels in the comparison",
    async () => {
      await use();
      const [rollout] = await server.rollouts.list();
      return rollout?.comparison?.metric === "accuracy" ? rollout.comparison : undefined;
    },
    150_000,
  );

  expect(comparison.arms.map(({ version }) => version)).toEqual([1, 2]);
  expect(comparison.arms[1]?.value).toBeGreaterThan(0.9);
  expect(comparison.arms[0]?.value).toBeLessThan(0.7);
  expect(comparison.verdict).toMatch(/requests compared on 20 devices.* alike; of \d+ with a label both had/);
});
