import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { lastJson, runFedge } from "./testing/run-fedge.js";

const BIN = fileURLToPath(new URL("../../bin/fedge.js", import.meta.url));
// Each test starts a database of its own.
vi.setConfig({ testTimeout: 60_000 });

const cwd = mkdtempSync(join(tmpdir(), "fedge-serve-"));
afterAll(() => rmSync(cwd, { recursive: true }));

interface Ready {
  readonly httpUrl: string;
  readonly mqttUrl: string;
  readonly webSocketUrl: string;
  readonly adminTokenFile: string;
}

/** A server on free ports, once it has said where it is. */
async function serve(state: string): Promise<{ child: ChildProcess; ready: Ready }> {
  const args = [BIN, "serve", "--port", "0", "--mqtt-port", "0", "--state", join(cwd, state), "--json"];
  const child = spawn(process.execPath, [...args, "--log-level", "error"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, ready: JSON.parse(line[0]) as Ready };
}

async function exitCodeAfter(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, "exit") as Promise<[number | null]>;
  child.kill(signal);
  return (await exit)[0];
}

test.each(["SIGINT", "SIGTERM"] as const)("a server that gets %s stops cleanly", async (signal) => {
  const { child, ready } = await serve(signal);

  const health = await fetch(`${ready.httpUrl}/healthz`);
  const exitCode = await exitCodeAfter(child, signal);

  expect([health.status, exitCode]).toEqual([200, 0]);
});

test("the command line manages the server whose state directory it is told", async () => {
  const { child, ready } = await serve("managed");
  const flags = ["--server", ready.httpUrl, "--state", join(cwd, "managed"), "--json"];

  const tasks = await runFedge(["task", "list", ...flags], { cwd });
  const create = await runFedge(["task", "create", "--model", "nothing", ...flags], { cwd });
  await exitCodeAfter(child, "SIGTERM");

  expect([tasks.exitCode, lastJson(tasks)]).toEqual([0, []]);
  expect([create.exitCode, lastJson(create)]).toMatchObject([1, { error: { code: "MODEL_UNKNOWN" } }]);
  expect(readFileSync(ready.adminTokenFile, "utf8").trim()).toMatch(/^[\w-]{43}$/);
});

test("a taken port fails with the port and the flag in one sentence", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;

  const args = ["serve", "--port", String(port), "--mqtt-port", "0", "--state", "taken", "--json"];
  const run = await runFedge(args, { cwd });
  taken.close();

  expect([run.exitCode, lastJson(run)]).toMatchObject([1, { error: { code: "PORT_TAKEN" } }]);
  expect(run.stderr).toMatch(new RegExp(`fedge: port ${port} .*--port`));
});
