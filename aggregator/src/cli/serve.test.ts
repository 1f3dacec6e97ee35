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
afterAll(() => rmSync(cwd, { recursive: true }), 60_000);

interface Ready {
  readonly httpUrl: string;
  readonly mqttUrl: string;
  readonly webSocketUrl: string;
  readonly adminTokenFile: string;
  readonly firstInvitationUrl: string | null;
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

test("the first administrator comes in by the printed link, once, and the log of it outlives a kill", async () => {
  const { child, ready } = await serve("people");
  const code = /^http:\/\/127\.0\.0\.1:\d+\/#\/invitation=([\w-]{43})$/.exec(
    ready.firstInvitationUrl ?? "",
  )?.[1];
  const accept = (name: string): Promise<Response> =>
    fetch(`${ready.httpUrl}/v1/invitations/accept`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code, name, password: "correct horse battery staple" }),
    });
  const statuses = [(await accept("ana")).status, (await accept("eve")).status];
  await exitCodeAfter(child, "SIGKILL");

  const again = await serve("people");
  const flags = ["--server", again.ready.httpUrl, "--state", join(cwd, "people"), "--json"];
  const verified = await runFedge(["audit", "verify", ...flags], { cwd });
  const listed = await runFedge(["audit", "list", ...flags], { cwd });
  await exitCodeAfter(again.child, "SIGTERM");

  expect([statuses, again.ready.firstInvitationUrl, verified.exitCode]).toEqual([[201, 403], null, 0]);
  expect(lastJson(listed)).toMatchObject([
    { actor: "ana", action: "session.begin" },
    { actor: "ana", action: "account.create", details: { role: "admin", invitedBy: "system" } },
    { actor: "system", action: "account.invite" },
  ]);
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
