import type { RolloutView } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { importClouds, startDevice } from "./digits-task.js";
import { ServerProcess, freePort } from "./server-process.js";
import { eventually } from "./waiting.js";

interface HistoryEntry {
  readonly event: string;
}
interface AuditEntry {
  readonly subject: string;
  readonly details: { readonly event?: string };
}
interface Target {
  readonly wave: number;
  readonly state: string;
  readonly attempt: number;
}

const NAMES = ["ana", "bo", "chen", "dai", "eve", "fay", "gus", "hal"];
const ROLLOUT = "second";

let directory = "";
let server: ServerProcess;
let devices: Device[] = [];
/** `device state` of every step of an installation of version 2, in their order. */
let steps: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-kill-rollout-"));
  steps = [];
});

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A server that dies at the effect, with two versions of which eight devices serve the first. */
async function prepare(killAt: string): Promise<void> {
  const place = { state: join(directory, "server"), httpPort: await freePort(), mqttPort: await freePort() };
  const preload = pathToFileURL(join(repositoryRoot, "test/e2e/kill-at-effect.mjs")).href;
  const environment = { FEDGE_KILL_AT: killAt, FEDGE_KILLED_FILE: killedFile() };
  server = new ServerProcess(place, { nodeFlags: ["--import", preload], environment });
  await server.start();
  await importClouds(server);
  await importClouds(server);
  for (const name of NAMES) {
    const device = await startDevice(server.url, join(directory, name), name);
    device.on("install", ({ version, state }) => {
      if (version === 2) steps.push(`${name} ${state}`);
    });
    devices.push(device);
  }
  await serving(1);
}

const killedFile = (): string => join(directory, "killed");
const path = `/v1/rollouts/${ROLLOUT}`;
const view = (): Promise<RolloutView> => server.get(path);

async function targets(): Promise<readonly Target[]> {
  return (await server.get<{ targets: Target[] }>(`${path}/targets?limit=100`)).targets;
}

function serving(version: number): Promise<true> {
  return eventually(`every device to serve version ${version}`, async () =>
    devices.every((device) => device.model("clouds").version === version) ? true : undefined,
  );
}

async function rollOutByWaves(): Promise<void> {
  const waves = [
    { name: "half", percent: 50, soakMs: 100 },
    { name: "all", percent: 100, soakMs: 100 },
  ];
  const install = { minSuccess: 1, minReached: 1, maxErrors: 0, minReports: 1 };
  const plan = { waves, gates: { install, metrics: [] }, rate: null };
  const named = { rolloutId: ROLLOUT, model: "clouds", version: 2, template: "quick" };
  await server.post("/v1/rollouts", { ...named, ...plan });
  await server.post(`${path}/start`, { reason: "try it" });
}

/** Dies in the middle of it, and is started again. */
async function dies(): Promise<void> {
  await eventually("the server to die", async () => (existsSync(killedFile()) ? true : undefined));
  await server.exited();
  await server.start();
}

async function completed(): Promise<RolloutView> {
  return eventually("the rollout to be completed", async () => {
    const now = await view();
    return now.state === "completed" ? now : undefined;
  });
}

/** `open-wave 1`: the first wave has passed, the second is not open. `tell 1`: its devices are noted as told. */
describe.each(["open-wave 1", "tell 1"])("a server that is killed before its effect %s", (killAt) => {
  test("opens the next wave once, tells no device twice, and its books are right", async () => {
    await prepare(killAt);
    await rollOutByWaves();
    await dies();
    const rollout = await completed();
    await serving(2);

    const { history } = await server.get<{ history: HistoryEntry[] }>(`${path}/history`);
    const events = history.map(({ event }) => event);
    for (const once of ["wave 1 opened", "wave 1 passed", "wave 2 opened", "wave 2 passed", "completed"])
      expect(events.filter((event) => event === once)).toEqual([once]);

    const all = await targets();
    expect(all.map(({ attempt, state }) => ({ attempt, state }))).toEqual(
      NAMES.map(() => ({ attempt: 1, state: "committed" })),
    );
    for (const name of NAMES)
      expect(steps.filter((step) => step === `${name} activating`)).toEqual([`${name} activating`]);

    // I6: what a wave counts is what its devices are.
    for (const wave of rollout.waves) {
      const mine = all.filter((target) => target.wave === wave.index);
      expect(wave).toMatchObject({ numTargets: mine.length, numReached: mine.length });
      expect(wave.byState).toEqual(mine.length === 0 ? {} : { committed: mine.length });
    }
    expect(rollout.waves.reduce((sum, wave) => sum + wave.numTargets, 0)).toBe(NAMES.length);
    expect(await server.get("/v1/audit/verify")).toMatchObject({ ok: true });
    const { entries } = await server.get<{ entries: AuditEntry[] }>("/v1/audit?limit=200");
    const audited = entries.flatMap(({ subject, details }) => (subject === ROLLOUT ? [details.event] : []));
    // Its creation is an entry of another kind.
    expect(audited.filter((event) => event !== undefined).reverse()).toEqual(events.slice(1));
  });
});
