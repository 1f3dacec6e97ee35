import type { BlobRef, DeviceId, InstallPolicy, InstallState } from "@fedge/protocol";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { openScriptedBroker, type ScriptedBroker } from "./scripted-broker.js";
import { eventually } from "./waiting.js";

const POLICY: InstallPolicy = {
  ...{ stateDeadlineMs: 60_000, maxActivations: 3, maxCrashes: 3, rollback: "automatic" },
  probation: {
    ...{ minPredictions: 10, minDurationMs: 60_000, deadlineMs: 60_000, maxErrorRate: 0.1 },
    ...{ maxLatencyRatio: 1000, maxMemoryGrowthBytes: null, allowsOffline: true },
  },
};

interface Said {
  readonly startedWith?: number | null;
  readonly install?: string;
  readonly answer?: number | null;
  readonly version?: number;
}

let directory = "";
let broker: ScriptedBroker;
let versions: readonly BlobRef[] = [];
const running = new Set<ChildProcess>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-installs-"));
  broker = await openScriptedBroker();
  versions = [await broker.server.publishVersion(1), await broker.server.publishVersion(2)];
});
afterEach(async () => {
  for (const child of running) await kill(child);
});
afterAll(async () => {
  await broker.close();
  await rm(directory, { recursive: true, force: true });
});

async function kill(child: ChildProcess): Promise<void> {
  running.delete(child);
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** A device process and everything that it says. */
function start(deviceId: DeviceId, options: object): { readonly child: ChildProcess; readonly said: Said[] } {
  const script = join(repositoryRoot, "test/e2e/install-device.mjs");
  const given = { port: broker.port, directory: join(directory, deviceId), deviceId, ...options };
  const child = spawn(process.execPath, [script, JSON.stringify(given)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  running.add(child);
  const said: Said[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => said.push(JSON.parse(line) as Said));
  return { child, said };
}

function want(deviceId: DeviceId, version: 1 | 2): void {
  const manifest = versions[version - 1];
  if (manifest !== undefined) broker.server.desire(deviceId, version, manifest, version, { policy: POLICY });
}

const heard = (said: readonly Said[], state: string) => async () =>
  said.some(({ install }) => install === state) ? true : undefined;

/** Installs version 1, kills the process that goes on to version 2 in the state, and starts it again. */
async function killedAt(state: InstallState, isBroken: boolean): Promise<{ first: Said[]; second: Said[] }> {
  const deviceId = `kill-${state}-${isBroken ? "broken" : "well"}` as DeviceId;
  want(deviceId, 1);
  const { child, said: first } = start(deviceId, { holdAt: state, isBroken });
  await eventually("version 1 to stay", heard(first, "committed 1"));
  want(deviceId, 2);
  await eventually(`the device to be ${state}`, heard(first, `${state} 2`));
  await kill(child);
  const { said: second } = start(deviceId, { isBroken });
  await eventually(
    "the device to start",
    async () => second.some((one) => "startedWith" in one) || undefined,
  );
  return { first, second };
}

/** Every answer is that of one whole version: its number is in the checkpoint and in the manifest. */
function isWhole(said: readonly Said[]): boolean {
  return said.every(({ answer, version }) => version === undefined || answer === version);
}

describe("R28: a device process that is killed on its way to a version that works", () => {
  const path = [
    "assigned",
    "downloading",
    "verifying",
    "staged",
    "activating",
    "probation",
    "committed",
  ] as const;

  test.each(path)("in the state %s starts with one whole version, and ends at the new one", async (state) => {
    const { first, second } = await killedAt(state, false);
    await eventually(
      "version 2 to answer",
      async () => second.some(({ version }) => version === 2) || undefined,
    );
    if (state !== "committed") await eventually("version 2 to stay", heard(second, "committed 2"));

    expect(second.find((one) => "startedWith" in one)?.startedWith).toBe(path.indexOf(state) < 5 ? 1 : 2);
    expect([isWhole(first), isWhole(second)]).toEqual([true, true]);
  });
});

describe("R28: a device process that is killed on its way back from a version that fails", () => {
  test.each(["rolling-back", "rolled-back"] as const)(
    "in the state %s starts with the version before",
    async (state) => {
      const { first, second } = await killedAt(state, true);
      await eventually("an answer", async () => second.some(({ version }) => version === 1) || undefined);

      expect(second.find((one) => "startedWith" in one)?.startedWith).toBe(1);
      expect(second.some(({ version }) => version === 2)).toBe(false);
      // Requests that version 2 could not answer were answered by version 1.
      expect([isWhole(first), isWhole(second)]).toEqual([true, true]);
      await eventually("the server to know", async () =>
        broker.server.reports.some(
          ({ state: told, code }) => told === "rolled-back" && code === "PROBATION_FAILED",
        )
          ? true
          : undefined,
      );
    },
  );
});
