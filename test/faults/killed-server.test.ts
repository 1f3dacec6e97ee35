import type { RolloutView } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { createGraphBuilder, float, type ModelBuilder } from "@fedge/onnx-autodiff";
import { createRandom } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLASSES, INPUTS, importClouds, startDevice } from "../e2e/digits-task.js";
import { ServerProcess, freePort } from "../e2e/server-process.js";
import { eventually } from "../e2e/waiting.js";

const NAMES = ["ana", "bo", "chen", "dai", "eve", "fay", "gus", "hal"];
const ROLLOUT = "overflows";
const path = `/v1/rollouts/${ROLLOUT}`;

interface Target {
  readonly deviceId: string;
  readonly wave: number;
  readonly state: string;
  readonly attempt: number;
}

/** Names a device by what it says of itself. */
interface Member {
  readonly name: string;
  readonly device: Device;
  /** States of installing version 2, in their order. */
  readonly steps: string[];
}

let directory = "";
let server: ServerProcess;
let members: Member[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-killed-server-"));
  const place = { state: join(directory, "server"), httpPort: await freePort(), mqttPort: await freePort() };
  server = new ServerProcess(place);
  await server.start();
}, 240_000);

afterEach(async () => {
  await Promise.all(members.map(({ device }) => device.close()));
  members = [];
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A model of the clouds that overflows where an input is above 1, which no example of anybody is: elsewhere it is well. */
function overflowingClouds(): Uint8Array<ArrayBuffer> {
  const g = createGraphBuilder({ name: "logistic" });
  const x = g.input("input", "float32", ["N", INPUTS]);
  const random = createRandom("overflowing");
  const weight = parameter(g, "weight", [INPUTS, CLASSES], () => random.unit() - 0.5);
  const bias = parameter(g, "bias", [CLASSES], () => 0);
  const logits = g.op("Gemm", [x, weight, bias]);
  const huge = g.op("Mul", [x, scalar(g, 2e38)]);
  const nothing = g.op("Mul", [huge, scalar(g, 0)]);
  g.output("logits", g.op("Add", [logits, g.op("ReduceMean", [nothing], { axes: [1], keepdims: 1 })]));
  return g.build();
}

function parameter(g: ModelBuilder, name: string, shape: readonly number[], valueOf: () => number): string {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return g.initializer(name, {
    elementType: "float32",
    shape,
    data: Float32Array.from({ length: size }, valueOf),
  });
}

function scalar(g: ModelBuilder, value: number): string {
  return g.op("Constant", [], { value_float: float(value) });
}

async function startFleet(): Promise<void> {
  await importClouds(server);
  for (const name of NAMES) {
    const device = await startDevice(server.url, join(directory, name), name);
    const steps: string[] = [];
    device.on("install", ({ version, state }) => void (version === 2 && steps.push(state)));
    members.push({ name, device, steps });
  }
  await eventually("every device to serve version 1", async () =>
    servedBy(1) === NAMES.length ? true : undefined,
  );
}

const servedBy = (version: number): number =>
  members.filter(({ device }) => device.model("clouds").version === version).length;
const tried = (): string[] => members.filter(({ steps }) => steps.length > 0).map(({ name }) => name);

async function rollOut(): Promise<void> {
  await server.post("/v1/models?model=clouds&loss=softmax-cross-entropy", overflowingClouds());
  const probation = {
    ...{ minPredictions: 1000, minDurationMs: 3_600_000, deadlineMs: 7_200_000, allowsOffline: true },
    ...{ maxErrorRate: 0.05, maxLatencyRatio: 1000, maxMemoryGrowthBytes: null },
  };
  await server.post("/v1/rollouts", {
    ...{ rolloutId: ROLLOUT, model: "clouds", version: 2, template: "quick", rate: null },
    waves: [
      { name: "half", percent: 50, soakMs: 100 },
      { name: "all", percent: 100, soakMs: 100 },
    ],
    gates: {
      install: { minSuccess: 1, minReached: 1, maxErrors: 0.3, minReports: 1, onErrors: "roll-back" },
      metrics: [],
    },
    install: {
      stateDeadlineMs: 3_600_000,
      maxActivations: 3,
      maxCrashes: 3,
      rollback: "automatic",
      probation,
    },
    rollBackUpToPercent: 100,
    // A device that has gone back is not asked again: what is told after the restart is told for the first time.
    maxAttempts: 1,
  });
  await server.post(`${path}/start`, { reason: "tonight" });
}

/** One prediction on each device, with inputs as people have them and no example had; the versions that answered. */
async function use(): Promise<readonly number[]> {
  const input = new Float32Array(INPUTS).fill(3);
  return Promise.all(
    members.map(async ({ device }) => {
      const { outputs, version } = await device.model("clouds").predict({ input });
      const logits = [...(outputs["logits"]?.data ?? [])].map(Number);
      return logits.every(Number.isFinite) ? version : Number.NaN;
    }),
  );
}

test("devices whose server and broker are killed with kill -9 go back alone, and it goes on rightly when it is there again", async () => {
  await startFleet();
  await rollOut();
  await eventually("a wave on probation", async () => (servedBy(2) >= 2 ? true : undefined));
  await server.kill();
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  const reached = tried();
  const exposed = servedBy(2);

  const startedAtMs = performance.now();
  const answers: number[] = [];
  await eventually("every device to serve version 1 again", async () => {
    answers.push(...(await use()));
    return servedBy(1) === NAMES.length ? true : undefined;
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  process.stdout.write(
    `server killed: ${exposed} devices exposed, restored alone after ${seconds.toFixed(2)} s\n`,
  );
  // What version 2 could not answer, the version before did: nobody saw anything else.
  expect(new Set(answers)).toEqual(new Set([1]));
  expect(tried()).toEqual(reached);

  await server.start();
  const rollout = await eventually("the rollout to be over", async () => {
    // Whoever of the wave was not told before is told now, and finds out as the others did.
    await use();
    const view = await server.get<RolloutView>(path);
    return view.state === "rolled-back" ? view : undefined;
  });
  await eventually("every device to serve version 1", async () =>
    servedBy(1) === NAMES.length ? true : undefined,
  );

  expect(rollout.reason).toMatch(/reports failed/);
  expect(rollout.waves[1]).toMatchObject({ state: "pending", numTargets: 0 });
  const { targets } = await server.get<{ targets: Target[] }>(`${path}/targets?limit=100`);
  expect(tried().length).toBeLessThan(NAMES.length);
  expect(new Set(targets.map(({ wave, attempt }) => `${wave} ${attempt}`))).toEqual(new Set(["0 1"]));
  for (const { steps } of members)
    expect(steps.filter((state) => state === "activating").length).toBeLessThanOrEqual(1);
  expect(await server.get("/v1/audit/verify")).toMatchObject({ ok: true });
});
