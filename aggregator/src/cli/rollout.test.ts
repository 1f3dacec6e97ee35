import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { listen, type HttpListener } from "../http/listen.js";
import { ADMIN_TOKEN, createAppDouble, type AppDouble } from "../http/testing/app-double.js";
import { sampleDevice } from "../http/testing/sample-data.js";
import {
  SAMPLE_ROLLOUT,
  sampleRollout,
  sampleRolloutConfig,
  sampleTarget,
  sampleWave,
} from "../http/testing/sample-rollouts.js";
import { runHereIn } from "./testing/fake-terminal.js";
import { lastJson, type FedgeRun } from "./testing/run-fedge.js";

const cwd = mkdtempSync(join(tmpdir(), "fedge-rollout-"));
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

describe("rollout create", () => {
  test("without flags takes the staged template and says how to go on", async () => {
    const run = await fedge("rollout", "create", "digits@7", "--id", SAMPLE_ROLLOUT);

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(run.stdout).toBe(
      `rollout ${SAMPLE_ROLLOUT} is ready; start it with \`fedge rollout start ${SAMPLE_ROLLOUT}\`\n`,
    );
    expect(app.rollouts.rollouts[0]?.config).toEqual(sampleRolloutConfig());
  });

  test("sends what every flag says", async () => {
    const flags = [
      [
        "--template",
        "quick",
        "--note",
        "night shift",
        "--filter",
        "platform == browser*",
        "--needs-approval",
      ],
      ["--wave", "pilots:5:4h:manual@tag == pilot", "--wave", "all:100:1d", "--rate", "50:2:1000:400"],
      ["--start", "2026-12-01T22:00Z", "--window", "mon-fri 22:00-04:00 Europe/Berlin"],
      [
        "--gate",
        "error-rate:+0.01",
        "--gate",
        "latency-p95:+20%",
        "--min-success",
        "0.8",
        "--max-errors",
        "0.1",
      ],
      [
        "--timeout",
        "2h",
        "--attempts",
        "2",
        "--priority",
        "7",
        "--on-abort",
        "cancel",
        "--roll-back-up-to",
        "1",
      ],
    ].flat();

    const run = await fedge("rollout", "create", "digits@7", ...flags, "--json");

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    const config = app.rollouts.rollouts[0]?.config;
    expect(lastJson(run)).toMatchObject({ config, state: "waiting-approval" });
    expect(config).toMatchObject({
      ...{
        model: "digits",
        version: 7,
        note: "night shift",
        filter: "platform == browser*",
        needsApproval: true,
      },
      waves: [
        { name: "pilots", percent: 5, soakMs: 14_400_000, isManual: true, filter: "tag == pilot" },
        { name: "all", percent: 100, soakMs: 86_400_000 },
      ],
      rate: { basePerMinute: 50, factor: 2, growAt: 1000, maxPerMinute: 400 },
      schedule: {
        startAtMs: Date.UTC(2026, 11, 1, 22),
        windows: [
          { days: [1, 2, 3, 4, 5], startMinute: 1320, durationMinutes: 360, timeZone: "Europe/Berlin" },
        ],
      },
      gates: {
        install: { minSuccess: 0.8, minReached: 0.5, maxErrors: 0.1, minReports: 2 },
        metrics: [
          { metric: "error-rate", tolerance: { absolute: 0.01 } },
          { metric: "latency-p95", tolerance: { relative: 0.2 } },
        ],
      },
      ...{
        inProgressTimeoutMs: 7_200_000,
        maxAttempts: 2,
        priority: 7,
        onAbort: "cancel",
        rollBackUpToPercent: 1,
      },
    });
    expect(config?.rolloutId).toMatch(/^digits-7-[0-9a-z]+$/);
  });

  test("a comparison states its protocol", async () => {
    const flags = "--kind ab --arms 6,7 --metric proxy:accepted --horizon 7d --effect 0.02 --no-gates".split(
      " ",
    );

    await fedge("rollout", "create", "digits@6", ...flags);

    expect(app.rollouts.rollouts[0]?.config).toMatchObject({
      ...{ kind: "ab", version: 6, arms: [6, 7] },
      gates: { metrics: [] },
      comparison: {
        ...{
          metric: "proxy:accepted",
          horizonMs: 604_800_000,
          minDetectableEffect: 0.02,
          alpha: 0.05,
          power: 0.8,
        },
      },
    });
  });

  test("flags change what a file says", async () => {
    writeFileSync(join(cwd, "rollout.json"), JSON.stringify(sampleRolloutConfig({ note: "from the file" })));

    await fedge("rollout", "create", "--config", "rollout.json", "--priority", "9");

    expect(app.rollouts.rollouts[0]?.config).toEqual(
      sampleRolloutConfig({ note: "from the file", priority: 9 }),
    );
  });

  test("a file may name a template", async () => {
    writeFileSync(join(cwd, "by-template.json"), JSON.stringify({ template: "quick", note: "short" }));

    await fedge("rollout", "create", "digits@7", "--config", "by-template.json");

    const { config } = app.rollouts.rollouts[0] ?? {};
    expect([config?.note, config?.waves.length]).toEqual(["short", 2]);
  });

  test.each([
    [["digits"], "a model and a version, such as digits@7"],
    [[], "say what to roll out, such as digits@7"],
    [["digits@7", "--wave", "first:5"], "It takes NAME:PERCENT:SOAK"],
    [["digits@7", "--gate", "errors:+0.1"], "There is no metric errors; take error-rate"],
    [["digits@7", "--window", "mon 1:00-2:00 Mars/Base"], "There is no time zone Mars/Base"],
    [["digits@7", "--start", "tomorrow"], "a time with its zone"],
    [["digits@7", "--rate", "fast"], "devices per minute"],
    [["digits@7", "--template", "slow"], "Allowed choices are staged, quick"],
    [["digits@7", "--kind", "ab"], "name them with --arms"],
    [["digits@7", "--kind", "ab", "--arms", "6,7"], "the control is version 6"],
    [["digits@6", "--kind", "bandit", "--arms", "6,7"], "give --metric, --horizon and --effect"],
    [["digits@7", "--metric", "proxy:a"], "give all three"],
    [["digits@7", "--arms", "7,8"], "--arms is for --kind ab and bandit"],
    [["digits@7", "--id", "a b"], 'field "rolloutId"'],
    [["--config", "missing.json"], "cannot read the rollout in missing.json"],
  ])("fedge rollout create %j fails with one sentence on stderr", async (args, sentence) => {
    const run = await fedge("rollout", "create", ...args);

    expect([run.exitCode, app.rollouts.rollouts]).toEqual([1, []]);
    expect(run.stderr.split("\n").filter((line) => line.startsWith("fedge: "))).toEqual([
      expect.stringContaining(sentence),
    ]);
  });
});

describe("rollout preview", () => {
  test("says per wave which devices and why, who is left out, and who else wants them", async () => {
    const devices = [1, 2, 3, 4].map((number) => sampleDevice(number).deviceId);
    app.rollouts.nextPreview = {
      numMatching: 7,
      waves: [
        { name: "a", numDevices: 5, devices },
        { name: "b", numDevices: 0, devices: [] },
      ],
      isReturn: true,
      excluded: [{ reason: "decommissioned", numDevices: 2 }],
      conflicts: [{ rolloutId: SAMPLE_ROLLOUT, numDevices: 3, wins: true }],
    };

    const waves = ["--wave", "a:5:4h:manual@tag == x", "--wave", "b:100:30s"];
    const named = ["digits@8", "--id", "night", "--filter", "presence == online"];
    const run = await fedge("rollout", "preview", ...named, ...waves);

    const [reached, plan] = run.stdout.split("Tried on the device");
    expect(plan).toContain("Another name draws other devices: create it with --id night.\n");
    expect(reached?.trimEnd()).toBe(
      [
        "7 devices match presence == online",
        "",
        "WAVE  DEVICES  WHY                                                            SUCH AS",
        "a           5  5 % of tag == x by hash, soaks 4 h, then a person promotes it  device-1 device-2 device-3 and 2 more",
        "b           0  100 % by hash, soaks 30 s, then the next",
        "",
        "Not reached:",
        "  2: decommissioned",
        "",
        "Also wanted by other rollouts:",
        `  3 by ${SAMPLE_ROLLOUT}: they obey that one`,
        "",
        "The fleet ran this version lately: waves of a return neither soak nor wait for metric gates.",
      ].join("\n"),
    );
  });

  test("of a rollout that exists previews that one", async () => {
    app.rollouts.rollouts = [sampleRollout()];

    const run = await fedge("rollout", "preview", SAMPLE_ROLLOUT, "--json");

    expect([run.exitCode, app.rollouts.previewed]).toEqual([0, [sampleRolloutConfig()]]);
  });
});

describe("steering", () => {
  test.each([
    ["approve", "waiting-approval", "ready"],
    ["deny", "waiting-approval", "denied"],
    ["start", "ready", "running"],
    ["pause", "running", "paused (operator)"],
    ["resume", "paused", "running"],
    ["promote", "running", "running"],
    ["retry", "paused", "running"],
    ["abort", "running", "aborted"],
    ["rollback", "completed", "rolled-back"],
  ] as const)("%s of a rollout that is %s leaves it %s", async (verb, state, after) => {
    app.rollouts.rollouts = [sampleRollout({ state })];

    const run = await fedge("rollout", verb, SAMPLE_ROLLOUT, "--reason", "because");

    expect([run.exitCode, run.stdout]).toEqual([0, `rollout ${SAMPLE_ROLLOUT} is ${after}\n`]);
    expect(app.rollouts.commands).toMatchObject([{ reason: "because" }]);
  });

  test("a revision that is past is refused with what happened", async () => {
    app.rollouts.rollouts = [sampleRollout({ state: "paused", revision: 6, reason: "bob paused it" })];

    const run = await fedge("rollout", "resume", SAMPLE_ROLLOUT, "--revision", "5", "--json");

    expect([run.exitCode, app.rollouts.commands]).toEqual([1, []]);
    expect(run.stderr).toContain("bob paused it");
    expect(lastJson(run)).toMatchObject({ error: { code: "ROLLOUT_CHANGED" } });
  });

  test("edit replaces, delete deletes", async () => {
    app.rollouts.rollouts = [sampleRollout()];
    writeFileSync(join(cwd, "edit.json"), JSON.stringify(sampleRolloutConfig({ note: "edited" })));

    const edited = await fedge("rollout", "edit", SAMPLE_ROLLOUT, "--config", "edit.json", "--json");
    const deleted = await fedge("rollout", "delete", SAMPLE_ROLLOUT);

    expect(lastJson(edited)).toMatchObject({ config: { note: "edited" } });
    expect([deleted.stdout, app.rollouts.rollouts]).toEqual([`rollout ${SAMPLE_ROLLOUT} is deleted\n`, []]);
  });
});

describe("rollout edit", () => {
  test("changes what its flags say, and leaves the rest", async () => {
    app.rollouts.rollouts = [sampleRollout()];
    const before = sampleRolloutConfig();

    const run = await fedge("rollout", "edit", SAMPLE_ROLLOUT, "--priority", "9", "--install", "crashes=1");

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(app.rollouts.rollouts[0]?.config).toEqual({
      ...before,
      priority: 9,
      install: { ...before.install, maxCrashes: 1 },
    });
  });

  test("--install none takes the conditions away; one condition alone stands beside the standard ones", async () => {
    app.rollouts.rollouts = [sampleRollout()];
    const { install, ...without } = sampleRolloutConfig();

    await fedge("rollout", "edit", SAMPLE_ROLLOUT, "--install", "none");
    expect(app.rollouts.rollouts[0]?.config).toEqual(without);

    await fedge("rollout", "edit", SAMPLE_ROLLOUT, "--install", "rollback=never");
    expect(app.rollouts.rollouts[0]?.config.install).toEqual({ ...install, rollback: "never" });
  });

  test("by another template keeps what it is about and compares", async () => {
    const comparison = {
      metric: "error-rate",
      horizonMs: 1000,
      minDetectableEffect: 0.1,
      alpha: 0.05,
      power: 0.8,
    };
    const config = sampleRolloutConfig({ kind: "ab", arms: [7, 8], comparison });
    app.rollouts.rollouts = [sampleRollout({ config })];

    await fedge("rollout", "edit", SAMPLE_ROLLOUT, "--template", "quick", "--alpha", "0.01");

    expect(app.rollouts.rollouts[0]?.config).toMatchObject({
      ...{ rolloutId: SAMPLE_ROLLOUT, version: 7, kind: "ab", arms: [7, 8] },
      waves: [{ percent: 20 }, { percent: 100 }],
      comparison: { ...comparison, alpha: 0.01 },
    });
  });

  test("does not rename", async () => {
    app.rollouts.rollouts = [sampleRollout()];

    const run = await fedge("rollout", "edit", SAMPLE_ROLLOUT, "--id", "other");

    expect([run.exitCode, run.stderr]).toEqual([1, "fedge: a rollout keeps its id; leave --id away.\n"]);
  });
});

describe("looking", () => {
  test("list is an aligned table", async () => {
    const wave = sampleWave(0, { numTargets: 9, byState: { committed: 5, failed: 2 } });
    app.rollouts.rollouts = [sampleRollout({ state: "running", currentWave: 0, waves: [wave] })];

    const run = await fedge("rollout", "list");

    expect(run.stdout).toBe(
      "ROLLOUT          VERSION   KIND     STATE                 COMMITTED  FAILED  CHANGED\n" +
        "digits-7-staged  digits@7  release  running, wave 1 of 1        5/9       2  2023-11-14T22:13:20Z\n",
    );
  });

  test("show draws the waves and says by whom it is", async () => {
    app.rollouts.rollouts = [sampleRollout()];

    const run = await fedge("rollout", "show", SAMPLE_ROLLOUT);

    expect(run.stdout).toContain("\n· internal  100 %");
    expect(run.stdout).toMatch(/^created +2023-11-14T22:13:20Z by ana$/m);
    expect(run.stdout).not.toContain("\u{1b}");
  });

  test("targets and history are tables", async () => {
    app.rollouts.rollouts = [sampleRollout()];
    const failed = sampleTarget(2, { state: "failed", code: "STORAGE_FULL", message: "no room" });
    app.rollouts.targetsOf.set(SAMPLE_ROLLOUT, [sampleTarget(1), failed]);
    app.rollouts.historyOf.set(SAMPLE_ROLLOUT, [
      { seq: 1, atMs: 1_700_000_000_000, actor: "ana", event: "created", reason: "better" },
    ]);

    const targets = await fedge("rollout", "targets", SAMPLE_ROLLOUT, "--target-state", "failed");
    const history = await fedge("rollout", "history", SAMPLE_ROLLOUT);

    expect(targets.stdout.split("\n").slice(1)).toEqual([
      "device-2     1  failed        1  2023-11-14T22:13:20Z  STORAGE_FULL: no room",
      "",
    ]);
    expect(history.stdout.split("\n")[1]).toBe("2023-11-14T22:13:20Z  ana  created  better");
  });
});

describe("rollout watch", () => {
  test.each([
    ["completed", 0, ""],
    ["aborted", 1, "fedge: rollout digits-7-staged is aborted: the night is over.\n"],
    ["rolled-back", 1, "fedge: rollout digits-7-staged is rolled-back: the night is over.\n"],
  ] as const)("ends when it is %s with exit code %d", async (state, exitCode, stderr) => {
    app.rollouts.rollouts = [sampleRollout({ state: "running" })];
    const watching = fedge("rollout", "watch", SAMPLE_ROLLOUT, "--interval", "100ms", "--json");
    await firstReading();

    const last = app.rollouts.put(sampleRollout({ state, reason: "the night is over", revision: 7 }));

    const run = await watching;
    expect([run.exitCode, run.stderr]).toEqual([exitCode, stderr]);
    expect(run.stdout.trimEnd().split("\n")).toHaveLength(2);
    expect(lastJson(run)).toEqual(last);
  });

  test("prints a line for each change where nobody looks at a screen", async () => {
    app.rollouts.rollouts = [sampleRollout({ state: "completed", reason: "all waves passed", waves: [] })];

    const run = await fedge("rollout", "watch", SAMPLE_ROLLOUT);

    expect(run.stdout).toBe("2023-11-14T22:13:20Z  completed: all waves passed\n");
  });

  test("of a rollout that does not exist fails", async () => {
    const run = await fedge("rollout", "watch", "nobody");

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining("there is no rollout nobody")]);
  });

  /** Resolves when the command has read the rollout once. */
  function firstReading(): Promise<void> {
    return new Promise((resolve) => {
      app.rollouts.onRead = () => resolve();
    });
  }
});

describe("devices and groups", () => {
  test("tag adds and removes", async () => {
    app.service.devices = [sampleDevice(1)];
    app.deviceAdmin.tags.set(sampleDevice(1).deviceId, ["old"]);

    const run = await fedge(..."device tag device-1 --add beta --add internal --remove old".split(" "));

    expect([run.exitCode, run.stdout]).toEqual([0, "device device-1 has the tags beta internal\n"]);
  });

  test("decommission takes a device out of service", async () => {
    app.service.devices = [sampleDevice(1)];

    const run = await fedge("device", "decommission", "device-1", "--reason", "stolen", "--json");

    expect([lastJson(run), app.deviceAdmin.decommissioned]).toEqual([
      { deviceId: "device-1" },
      [{ deviceId: "device-1", reason: "stolen" }],
    ]);
  });

  test("filter says what it means and whom it finds", async () => {
    app.service.devices = [sampleDevice(1), sampleDevice(2, { presence: "lost" }), sampleDevice(3)];

    const run = await fedge("device", "filter", "platform == node* and not id == device-3");

    expect(run.stdout).toBe(
      "all of\n  platform is node*\n  not\n    id is device-3\n\n2 devices now (1 online, 1 lost)\n",
    );
  });

  test.each([
    [["device", "filter", "platform = node"], 'one "=" compares nothing'],
    [["device", "filter", "colour == red"], 'devices have no field "colour"'],
    [["device", "tag", "device-1"], "say which tag with --add or --remove"],
    [["group", "delete", "nobody"], "there is no group nobody"],
    [["group", "save", "pilots", "presence = online"], 'one "=" compares nothing'],
  ])("fedge %j fails", async (args, sentence) => {
    const run = await fedge(...args);

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining(sentence)]);
  });

  test("a group is saved, listed and deleted", async () => {
    const saved = await fedge("group", "save", "pilots", "presence == online");
    const listed = await fedge("group", "list");
    const deleted = await fedge("group", "delete", "pilots");

    expect([saved.stdout, listed.stdout, deleted.stdout]).toEqual([
      "group pilots means presence == online\n",
      "GROUP   FILTER\npilots  presence == online\n",
      "group pilots is deleted\n",
    ]);
  });

  test("a device's timeline is a table", async () => {
    app.rollouts.targetsOf.set(SAMPLE_ROLLOUT, [sampleTarget(1)]);

    const run = await fedge("device", "timeline", "device-1");

    expect(run.stdout.split("\n")[1]).toBe("2023-11-14T22:13:20Z  digits-7-staged     1  committed        1");
  });
});
