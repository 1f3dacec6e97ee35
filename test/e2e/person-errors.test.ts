import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runFedge, type CommandResult } from "./fedge-command.js";
import { ServerProcess, freePort } from "./server-process.js";

let directory = "";
let server: ServerProcess;
let serverState = "";
let taken: Server;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-person-"));
  serverState = join(directory, "running");
  server = new ServerProcess({ state: serverState, httpPort: await freePort(), mqttPort: await freePort() });
  await server.start();
  taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
});

afterAll(async () => {
  taken.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

const takenPort = (): string => String((taken.address() as AddressInfo).port);
const fedge = (...args: string[]): Promise<CommandResult> => runFedge(args, { cwd: directory });
const serve = (state: string, ...more: string[]): Promise<CommandResult> =>
  fedge("serve", "--state", state, "--port", "0", "--mqtt-port", "0", ...more);

/** One sentence on stderr, after what told the progress, that says what is wrong and what to do; and no success. */
function expectSentence(run: CommandResult, sentence: RegExp): void {
  const lines = run.stderr.trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("fedge: "))).toEqual([expect.stringMatching(sentence)]);
  expect(lines.at(-1)).toMatch(/^fedge: /);
  expect(run.exitCode).toBe(1);
}

describe("a server that cannot start says why in one sentence", () => {
  test("its port is taken", async () => {
    const state = join(directory, "http-port");
    const run = await serve(state, "--port", takenPort());

    expectSentence(run, new RegExp(`port ${takenPort()}.*--port`));
  });

  test("its MQTT port is taken", async () => {
    const run = await serve(join(directory, "mqtt-port"), "--mqtt-port", takenPort());

    expectSentence(run, new RegExp(`port ${takenPort()}.*--mqtt-port`));
  });

  test("after a taken port the same state directory serves on another one", async () => {
    const state = join(directory, "freed");
    await serve(state, "--port", takenPort());
    const place = { state, httpPort: await freePort(), mqttPort: await freePort() };
    const next = new ServerProcess(place);

    await next.start();
    expect((await fetch(`${next.url}/healthz`)).status).toBe(200);
    await next.stop();
  });

  test("its state directory lies below a file", async () => {
    const file = join(directory, "a-file");
    await writeFile(file, "");
    const run = await serve(join(file, "state"));

    expectSentence(run, /a-file.*--state/);
  });

  test("its state directory cannot be made", async () => {
    const run = await serve("/proc/fedge-state");

    expectSentence(run, /\/proc\/fedge-state.*--state/);
    expect(existsSync("/proc/fedge-state")).toBe(false);
  });

  test("its state directory is another server's", async () => {
    const before = await readdir(serverState);
    const run = await serve(serverState);

    expectSentence(run, /running.*(in use|used|another)/);
    expect(await readdir(serverState)).toEqual(before);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});

describe("a simulation without usable images says why in one sentence and leaves nothing", () => {
  async function simulate(data: string): Promise<CommandResult> {
    const cwd = await mkdtemp(join(directory, "simulate-"));
    const run = await runFedge(["simulate", "--data", data, "--devices", "2", "--rounds", "1"], { cwd });
    expect(await readdir(cwd)).toEqual([]);
    return run;
  }

  test("the folder does not exist", async () => {
    const run = await simulate("/nonexistent");

    expectSentence(run, /\/nonexistent/);
  });

  test("a file is no IDX file", async () => {
    const data = join(directory, "corrupt");
    await mkdir(data);
    for (const part of ["train", "t10k"])
      for (const kind of ["images-idx3-ubyte", "labels-idx1-ubyte"])
        await writeFile(join(data, `${part}-${kind}`), "these are no images");
    const run = await simulate(data);

    expectSentence(run, /corrupt.*ubyte/);
  });
});

describe("a question that a server cannot answer is refused in one sentence", () => {
  const ask = (...args: string[]): Promise<CommandResult> =>
    fedge(...args, "--server", server.url, "--state", serverState);

  test("about a model that there is not", async () => {
    expectSentence(await ask("model", "show", "nothing"), /model "?nothing.*fedge model/);
  });

  test("to train a model that there is not", async () => {
    expectSentence(await ask("task", "create", "--model", "nothing"), /model "nothing".*fedge model import/);
  });

  test("about a task that there is not", async () => {
    expectSentence(await ask("task", "show", "nothing"), /task "nothing".*fedge task list/);
  });

  test("when no server runs", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const run = await fedge("task", "list", "--server", url);

    expectSentence(run, /no aggregator answers.*fedge serve/);
  });
});

test("a Node that is too old is told which one is needed, before anything else is loaded", async () => {
  const preload = join(directory, "old-node.cjs");
  await writeFile(
    preload,
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.18.3" } });\n',
  );
  const run = await runFedge(["serve"], { cwd: directory, nodeFlags: ["--require", preload] });

  expectSentence(run, /Node 20\.18\.3 is too old; install Node 20\.19 or newer/);
});
