import { logistic } from "@fedge/onnx-autodiff/zoo";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ModelManifest } from "@fedge/protocol";
import { listen, type HttpListener } from "../http/listen.js";
import { ADMIN_TOKEN, createAppDouble, type AppDouble } from "../http/testing/app-double.js";
import {
  SAMPLE_TASK,
  sampleDevice,
  sampleRound,
  sampleTask,
  sampleVersion,
} from "../http/testing/sample-data.js";
import { runHereIn } from "./testing/fake-terminal.js";
import { lastJson, runFedge, type FedgeRun } from "./testing/run-fedge.js";

const cwd = mkdtempSync(join(tmpdir(), "fedge-cli-"));
let app: AppDouble;
let listener: HttpListener;
let server: string;

beforeEach(async () => {
  app = createAppDouble();
  listener = await listen(app.http, { host: "127.0.0.1", port: 0 });
  server = `http://127.0.0.1:${listener.port}`;
});

afterEach(() => listener.close());
afterAll(() => rmSync(cwd, { recursive: true }));

/** Runs against the test's server as its administrator. */
function fedge(...args: string[]): Promise<FedgeRun> {
  return runHereIn(args, { cwd, env: { FEDGE_SERVER: server, FEDGE_TOKEN: ADMIN_TOKEN } });
}

describe("help and mistakes", () => {
  test("help lists every verb and succeeds", async () => {
    const run = await fedge("--help");

    expect(run.exitCode).toBe(0);
    for (const verb of [
      "start",
      "serve",
      "simulate",
      "task",
      "round",
      "model",
      "rollout",
      "device",
      "group",
      "account",
      "token",
      "audit",
      "drift",
      "bench",
    ]) {
      expect(run.stdout).toMatch(new RegExp(`^  ${verb} `, "m"));
    }
  });

  test.each([
    [["tsk"], "unknown command 'tsk' (Did you mean task?)"],
    [["task", "lst"], "unknown command 'lst' (Did you mean list?)"],
    [["task", "create", "--ronds", "3"], "unknown option '--ronds' (Did you mean --rounds?)"],
    [["task", "create", "--rounds", "3x"], "whole number of at least 1"],
    [["task", "create", "--learning-rate", "0"], "a number above 0"],
    [["task", "create", "--reporting-deadline", "30"], "a duration with its unit"],
    [["task", "create", "--retry-after-round", "9s..1s"], "first duration is longer"],
    [["task", "create", "--close", "never"], "Allowed choices are goal, cohort"],
    [["task", "create"], "say what to train with --model"],
    [["task", "create", "--model", "m", "--goal", "3", "--min-reports", "4"], "--min-reports is 4"],
    [
      ["task", "create", "--model", "m", "--beta1", "0.5"],
      'field "serverOptimizer": Unrecognized key: "beta1"',
    ],
    [["task", "create", "--file", "missing.json"], "cannot read the task in missing.json"],
    [["task", "show"], "missing required argument 'task'"],
    [["task"], "a command is missing"],
    [["round", "list"], "there is no task yet; create one with `fedge task create"],
    [["model", "import", "missing.onnx", "--name", "m"], "cannot read missing.onnx"],
    [["bench", "nothing"], 'there is no benchmark "nothing"'],
    [["serve", "--port", "70000"], "at most 65535"],
  ])("fedge %j fails with one sentence on stderr", async (args, sentence) => {
    const run = await fedge(...args);

    expect(run.exitCode).toBe(1);
    expect(run.stderr.split("\n").filter((line) => line.startsWith("fedge: "))).toEqual([
      expect.stringContaining(sentence),
    ]);
    expect(run.stderr).not.toContain("    at ");
  });

  test("with --json a mistake is also an object on stdout", async () => {
    const run = await fedge("task", "create", "--ronds", "3", "--json");

    expect(run.exitCode).toBe(1);
    expect(lastJson(run)).toMatchObject({ error: { code: "OPTION_INVALID", details: {} } });
  });
});

describe("tasks", () => {
  test("create sends every field, with defaults for those that were not given", async () => {
    const run = await fedge(
      "task",
      "create",
      "--model",
      "digits",
      "--id",
      "t1",
      "--goal",
      "8",
      "--seed",
      "s",
      "--json",
    );

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    const sent = app.service.tasks[0]?.config;
    expect(lastJson(run)).toMatchObject({ config: sent, status: "running" });
    expect(sent).toMatchObject({
      taskId: "t1",
      model: "digits",
      seed: "s",
      maxRounds: 20,
      targetAccuracy: null,
    });
    expect(sent?.round).toMatchObject({ goalReports: 8, minReports: 4, overSelection: 1.3, close: "goal" });
    expect(sent?.serverOptimizer).toEqual({ kind: "fedavg", learningRate: 1 });
    // Versions are candidates unless somebody says that they are to be released.
    expect([sent?.release, sent?.autopilot]).toEqual([undefined, undefined]);
  });

  test("create counts a fraction of the enrolled devices", async () => {
    app.service.devices = Array.from({ length: 30 }, (_, index) => sampleDevice(index));

    await fedge("task", "create", "--model", "digits", "--fraction", "0.1");

    expect(app.service.tasks[0]?.config.round.goalReports).toBe(3);
  });

  test("create takes a whole task from a file", async () => {
    writeFileSync(join(cwd, "task.json"), JSON.stringify(sampleTask()));

    const run = await fedge("task", "create", "--file", "task.json");

    expect([run.exitCode, run.stdout]).toEqual([0, `task ${SAMPLE_TASK} is running\n`]);
    expect(app.service.tasks[0]?.config).toEqual(sampleTask());
  });

  test("server optimizer flags replace its defaults", async () => {
    await fedge("task", "create", "--model", "m", "--server-optimizer", "fedadam", "--beta1", "0.5");

    expect(app.service.tasks[0]?.config.serverOptimizer).toEqual({
      kind: "fedadam",
      learningRate: 0.01,
      beta1: 0.5,
      beta2: 0.99,
      tau: 0.001,
    });
  });

  test.each([
    ["pause", "paused"],
    ["resume", "running"],
    ["stop", "stopped"],
  ])("%s leaves the task %s", async (action, status) => {
    await app.service.createTask(sampleTask());

    const run = await fedge("task", action, SAMPLE_TASK);

    expect([run.exitCode, app.service.tasks[0]?.status]).toEqual([0, status]);
  });

  test("list is an aligned table", async () => {
    await app.service.createTask(sampleTask());

    const run = await fedge("task", "list");

    expect(run.stdout).toBe(
      "TASK      MODEL   STATUS   ROUNDS  VERSION  BEST  CREATED\n" +
        "digits-1  digits  running    0/50        1     -  2023-11-14T22:13:20Z\n",
    );
  });

  test("an unknown task fails with the server's own words and code", async () => {
    const run = await fedge("task", "show", "nobody", "--json");

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(/^fedge: there is no task nobody/);
    expect(lastJson(run)).toMatchObject({ error: { code: "TASK_UNKNOWN" } });
  });
});

describe("rounds, models and devices", () => {
  test("round list says what became of every device and what the version scored", async () => {
    await app.service.createTask(sampleTask());
    app.service.rounds = [sampleRound(1)];
    app.service.versions = [sampleVersion(1, 0.1), sampleVersion(2, 0.625)];

    const table = await fedge("round", "list");
    const json = await fedge("round", "list", SAMPLE_TASK, "--json");

    const cells = table.stdout
      .split("\n")[1]
      ?.trim()
      .split(/\s{2,}/);
    expect(cells).toEqual("1|committed|2|13|10|1|0|1|0|1|62.50 %|8.0 MB|10.4 MB".split("|"));
    expect(lastJson(json)).toEqual([{ ...sampleRound(1), accuracy: 0.625 }]);
  });

  test("round list reads every page", async () => {
    await app.service.createTask(sampleTask());
    app.service.rounds = Array.from({ length: 1201 }, (_, index) => sampleRound(index + 1));

    const run = await fedge("round", "list", "--json");

    expect(lastJson(run)).toHaveLength(1201);
  });

  test("model import sends the file and its options", async () => {
    app.service.versions = [sampleVersion(1, 0.1)];
    const onnx = logistic({ inputs: 3, classes: 2 });
    writeFileSync(join(cwd, "m.onnx"), onnx);

    const run = await fedge(
      "model",
      "import",
      "m.onnx",
      "--name",
      "digits",
      "--momentum",
      "0.9",
      "--trainable",
      "w*",
      "bias",
    );

    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain("imported digits version 1\n");
    expect(app.service.imports[0]).toEqual({
      actor: "admin-token",
      model: "digits",
      onnx: new Uint8Array(onnx),
      training: {
        loss: { kind: "softmax-cross-entropy", target: "class-index" },
        optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0, nesterov: false },
        trainable: ["w*", "bias"],
        proximal: true,
      },
    });
  });

  test("model export writes the newest version", async () => {
    app.service.versions = [sampleVersion(1, 0.1), sampleVersion(2, 0.2)];
    app.service.manifests.set("digits", {} as ModelManifest);

    const run = await fedge("model", "export", "digits", "--format", "safetensors", "--json");

    const file = "digits-v2.safetensors";
    expect(lastJson(run)).toEqual({
      model: "digits",
      version: 2,
      format: "safetensors",
      file,
      sizeBytes: 23,
    });
    expect(readFileSync(join(cwd, file), "utf8")).toBe("digits@2 as safetensors");
  });

  test("model export writes the version that its argument names", async () => {
    app.service.versions = [sampleVersion(1, 0.1), sampleVersion(2, 0.2)];
    app.service.manifests.set("digits", {} as ModelManifest);

    const run = await fedge("model", "export", "digits@1", "-o", "first.onnx");

    expect([run.exitCode, run.stdout]).toEqual([0, "wrote 16 B to first.onnx\n"]);
    expect(readFileSync(join(cwd, "first.onnx"), "utf8")).toBe("digits@1 as onnx");
  });

  test("model export for tfjs writes a directory that holds the topology beside the weights", async () => {
    app.service.versions = [sampleVersion(1, 0.1)];
    app.service.manifests.set("digits", {} as ModelManifest);

    await fedge("model", "export", "digits", "--format", "tfjs");

    const written = ["model.json", "weights.bin"].map((name) =>
      readFileSync(join(cwd, "digits-v1.tfjs", name), "utf8"),
    );
    expect(written).toEqual(["digits@1 as tfjs/model.json", "digits@1 as tfjs/weights.bin"]);
  });

  test.each(["digits@0", "digits@X", "digits@"])(
    "model export refuses %s, which is no version",
    async (name) => {
      const run = await fedge("model", "export", name);

      expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining("write it as digits@3")]);
    },
  );

  test("device list shows what each device serves", async () => {
    app.service.devices = [sampleDevice(1)];

    const run = await fedge("device", "list");

    expect(run.stdout).toMatch(/^device-1 +online +digits@1 /m);
  });

  test("device list shows those that a filter means", async () => {
    app.service.devices = [sampleDevice(1), sampleDevice(2, { platform: "browser chromium" })];

    const run = await fedge("device", "list", "--filter", "platform == browser*", "--json");

    expect(JSON.parse(run.stdout)).toMatchObject([{ deviceId: "device-2" }]);
  });

  test("a filter that cannot be read is refused, with the place of its mistake", async () => {
    const run = await fedge("device", "list", "--filter", "platform = browser*");

    expect([run.exitCode, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toContain('one "=" compares nothing; write == (at character 10, before: = browser*)');
  });
});

describe("reaching the server", () => {
  test("nobody at the address is an error with the remedy", async () => {
    await listener.close();

    const run = await fedge("task", "list", "--json");

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(
      /^fedge: no aggregator answers at http.*ECONNREFUSED.*`fedge serve`.*--server/,
    );
    expect(lastJson(run)).toMatchObject({ error: { code: "SERVER_UNREACHABLE", details: { server } } });
  });

  test("another program at the address is not taken for an aggregator", async () => {
    const stranger = createServer((_request, response) => response.end("<html>"));
    const url = await listening(stranger);

    const run = await runFedge(["task", "list", "--server", url], { cwd });
    stranger.close();

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining("is no Fedge aggregator")]);
  });

  test("without a token the error says where to get one", async () => {
    const run = await runFedge(["task", "stop", SAMPLE_TASK, "--server", server], { cwd });

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(/wants a token.*--token.*--state/)]);
  });

  test("the token of a local server is found in its state directory", async () => {
    await app.service.createTask(sampleTask());
    mkdirSync(join(cwd, "state"));
    writeFileSync(join(cwd, "state", "admin-token"), `${ADMIN_TOKEN}\n`);

    const run = await runFedge(["task", "stop", SAMPLE_TASK, "--server", server, "--state", "state"], {
      cwd,
    });

    expect([run.exitCode, app.service.tasks[0]?.status]).toEqual([0, "stopped"]);
  });

  test("a state directory without a token is an error that names the file", async () => {
    const run = await runFedge(["task", "list", "--server", server, "--state", "nowhere"], { cwd });

    expect([run.exitCode, run.stderr]).toEqual([
      1,
      expect.stringContaining("cannot read nowhere/admin-token"),
    ]);
  });
});

function listening(stranger: Server): Promise<string> {
  return new Promise((resolve) => {
    stranger.listen(0, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}`);
    });
  });
}
