import {
  rolloutFromTemplate,
  type RolloutConfig,
  type RolloutId,
  type RolloutView,
  type RunningServer,
} from "@fedge/aggregator";
import type { Device, TensorValue } from "@fedge/device-runtime";
import { decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { INPUTS, cloudExamples, startDevice } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import { importNamed, startCloudsServer } from "./clouds-server.js";
import { knowing } from "./knowing-model.js";

const MODEL = "clouds";
const ADA = { name: "ada", mayApprove: true };
/** So many that an arm without any is out of the question: 2 of 2^12 draws. */
const NUM_DEVICES = 12;
const [CONTROL, BETTER] = [2, 3];

let directory = "";
let server: RunningServer;
let devices: Device[] = [];
/** How long this machine takes today until every device has installed a version: horizons are as long as that needs. */
let installingMs = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-comparisons-"));
  server = await startCloudsServer(join(directory, "server"));
  await importNamed(server, MODEL);
  await importNamed(server, MODEL);
  await server.service.importModel({
    ...{ model: decodeWith(modelName, MODEL, { what: "model", code: "OPTION_INVALID" }), onnx: knowing() },
    training: { loss: "softmax-cross-entropy" },
  });
  const beganAtMs = performance.now();
  const names = Array.from({ length: NUM_DEVICES }, (_, index) => `device-${index}`);
  devices = await Promise.all(
    names.map((name) =>
      startDevice(server.httpUrl, join(directory, name), name, { models: [MODEL], metricsIntervalMs: 200 }),
    ),
  );
  await eventually("every device to serve version 1", async () =>
    servedBy(1) === NUM_DEVICES ? true : undefined,
  );
  installingMs = performance.now() - beganAtMs;
});

afterAll(async () => {
  await Promise.all(devices.map((device) => device.close()));
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const servedBy = (version: number): number =>
  devices.filter((device) => device.model(MODEL).version === version).length;

async function begin(kind: "ab" | "bandit", horizonMs: number): Promise<RolloutId> {
  const rolloutId = kind as string as RolloutId;
  const model = decodeWith(modelName, MODEL, { what: "model", code: "OPTION_INVALID" });
  const install = { minSuccess: 1, minReached: 1, maxErrors: 0, minReports: 1 };
  const change: Partial<RolloutConfig> = {
    ...{ kind, arms: [CONTROL, BETTER], waves: [{ name: "all", percent: 100, soakMs: 0 }], rate: null },
    comparison: { metric: "prediction-error", horizonMs, minDetectableEffect: 0.2, alpha: 0.05, power: 0.8 },
    analysis: { intervalMs: 200, failureLimit: 0, errorLimit: 4, deadlineMs: 3_600_000 },
    needsApproval: false,
    gates: { install, metrics: [] },
  };
  const config = rolloutFromTemplate("quick", { rolloutId, model, version: CONTROL, ...change });
  await server.rollouts.create(config, ADA);
  await server.rollouts.command(rolloutId, "start", { actor: ADA, reason: "to know" });
  return rolloutId;
}

const examples = cloudExamples("in use", 200).examples(200) as Awaited<
  ReturnType<ReturnType<typeof cloudExamples>["examples"]>
>;

/** Everybody asks once, and says what would have been right. */
async function use(turn: number): Promise<void> {
  await Promise.all(
    devices.map(async (device, index) => {
      const row = (turn * NUM_DEVICES + index) % 200;
      const { data } = examples.inputs["input"] as TensorValue;
      const input = new Float32Array(data.slice(row * INPUTS, (row + 1) * INPUTS) as Float32Array);
      const { id } = await device.model(MODEL).predict({ input });
      await device.label(id, { shape: [1], data: examples.target.data.slice(row, row + 1) } as TensorValue);
    }),
  );
}

/** What the rollout says once it is as wanted; people go on meanwhile. */
function used(
  rolloutId: RolloutId,
  what: string,
  isSo: (view: RolloutView) => boolean,
): Promise<RolloutView> {
  let turn = 0;
  return eventually(
    what,
    async () => {
      await use((turn += 1));
      const view = await server.rollouts.get(rolloutId);
      return isSo(view) ? view : undefined;
    },
    150_000,
  );
}

/**
 * Answers of each arm that find a difference of 0.2 from this rate at 5 % with a power of 80 %; `scipy-fixture.py` of the
 * comparisons finds the same by solving for the power. With 0.5 it is 93.
 */
function independentSample(rate: number): number {
  const other = rate <= 0.8 ? rate + 0.2 : rate - 0.2;
  const mean = (rate + other) / 2;
  const underNone = 1.959964 * Math.sqrt(2 * mean * (1 - mean));
  const underSome = 0.841621 * Math.sqrt(rate * (1 - rate) + other * (1 - other));
  return Math.floor(((underNone + underSome) / 0.2) ** 2);
}

test("an A/B test on real devices decides at its horizon and not before, with its test and the sample of its power", async () => {
  const rolloutId = await begin("ab", Math.ceil(Math.max(6000, 3 * installingMs)));
  const before = await used(
    rolloutId,
    "both arms to be seen",
    ({ comparison }) => comparison?.arms.every(({ sample }) => sample > 0) ?? false,
  );
  const after = await used(rolloutId, "the horizon", ({ state }) => state !== "running");

  expect(before.comparison?.verdict).toBe("undecided before its horizon");
  const { comparison } = after;
  expect(comparison?.verdict).toMatch(/^version 3 is better, p = /);
  expect(comparison?.pValue).toBeLessThan(0.05);
  expect(comparison?.arms.map(({ version, share }) => ({ version, share }))).toEqual([
    { version: CONTROL, share: 0.5 },
    { version: BETTER, share: 0.5 },
  ]);
  // The sums of the right inputs are hardly ever the wrong ones; first weights know nothing.
  expect(comparison?.arms[1]?.value).toBeLessThan(0.1);
  expect(comparison?.arms[0]?.value).toBeGreaterThan(0.3);
  // Answers on one device are alike: that asks for more than independent ones would, and never for fewer.
  expect(comparison?.requiredSample).toBeGreaterThanOrEqual(
    independentSample(comparison?.arms[0]?.value ?? NaN),
  );
  expect(servedBy(CONTROL) + servedBy(BETTER)).toBe(NUM_DEVICES);
});

test("a bandit's shares move real devices to the better arm", async () => {
  // The A/B test left half of them with it; whoever runs this test alone begins with none.
  const numBefore = servedBy(BETTER);
  expect(numBefore).toBeLessThan(NUM_DEVICES);
  // A twentieth of the horizon passes before the shares move for the first time.
  const rolloutId = await begin("bandit", Math.ceil(Math.max(60_000, 10 * installingMs)));
  const { comparison } = await used(
    rolloutId,
    "most devices to serve the better arm",
    (view) => (view.comparison?.arms[1]?.share ?? 0) > 0.9 && servedBy(BETTER) > numBefore,
  );

  // Whoever is worse keeps a twentieth, or nobody would ever know that it has become better.
  expect(comparison?.arms.map(({ share }) => Math.round(share * 100))).toEqual([5, 95]);
  expect(servedBy(BETTER)).toBeGreaterThan(numBefore);
});
