import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { listen, type HttpListener } from "../http/listen.js";
import { createAppDouble, ADMIN_TOKEN, type AppDouble } from "../http/testing/app-double.js";
import { createProgram } from "./program.js";
import { lastJson, type FedgeRun } from "./testing/run-fedge.js";
import { runHere } from "./testing/fake-terminal.js";
import { processTerminal } from "./terminal.js";
import { VERBS } from "./verbs.js";

interface Example {
  /** Words after the command that make it whole. */
  readonly args: readonly string[];
  /** What the aggregator in memory, which has nothing in it, says to them; null when it has an answer all the same. */
  readonly unknown: string | null;
}

const example = (args: string, unknown: string | null): Example => ({
  args: args === "" ? [] : args.split(" "),
  unknown,
});

/** Every command that talks to an aggregator, with arguments that name nothing that there is. */
const SERVER_COMMANDS: Readonly<Record<string, Example>> = {
  "task create": example("--model nothing", null),
  "task list": example("", null),
  "task show": example("nothing", "TASK_UNKNOWN"),
  "task pause": example("nothing", "TASK_UNKNOWN"),
  "task resume": example("nothing", "TASK_UNKNOWN"),
  "task stop": example("nothing", "TASK_UNKNOWN"),
  "round list": example("nothing", "TASK_UNKNOWN"),
  "round show": example("nothing-r1", "ROUND_UNKNOWN"),
  "model list": example("", null),
  "model show": example("nothing", null),
  "model export": example("nothing@1", "VERSION_UNKNOWN"),
  "model alias": example("nothing@1 champion --reason x", null),
  "model tag": example("nothing@1 good", "VERSION_UNKNOWN"),
  "model note": example("nothing@1 words", "VERSION_UNKNOWN"),
  "model card": example("nothing@1", "DATA_MISSING"),
  "model compare": example("nothing@1 nothing@2", null),
  "model verify": example("nothing@1", null),
  "model retention": example("", null),
  "model evaluate": example("nothing@1 --no-wait", null),
  "model evaluations": example("nothing", "MODEL_UNKNOWN"),
  "rollout create": example("nothing@1", null),
  "rollout preview": example("nothing@1", null),
  "rollout edit": example("nothing --note x", "ROLLOUT_UNKNOWN"),
  "rollout list": example("", null),
  "rollout show": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout targets": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout history": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout watch": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout approve": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout deny": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout start": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout pause": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout resume": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout promote": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout retry": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout abort": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout rollback": example("nothing", "ROLLOUT_UNKNOWN"),
  "rollout delete": example("nothing", "ROLLOUT_UNKNOWN"),
  "drift status": example("--model nothing", "MODEL_UNKNOWN"),
  "drift fleet": example("--model nothing", "MODEL_UNKNOWN"),
  "drift alerts list": example("", null),
  "drift alerts ack": example("abc", "ALERT_UNKNOWN"),
  "drift alerts silence": example("abc --for 4h", "ALERT_UNKNOWN"),
  "drift alerts false-alarm": example("abc", "ALERT_UNKNOWN"),
  "drift alerts resolve": example("abc", "ALERT_UNKNOWN"),
  "drift alerts confirm-training": example("abc", "ALERT_UNKNOWN"),
  "profile from-fleet": example("--model nothing", "MODEL_UNKNOWN"),
  "drift profile from-fleet": example("--model nothing", "MODEL_UNKNOWN"),
  "device list": example("", null),
  "device show": example("nothing", "DEVICE_UNKNOWN"),
  "device tag": example("nothing --add a", "DEVICE_UNKNOWN"),
  "device decommission": example("nothing", "DEVICE_UNKNOWN"),
  "device timeline": example("nothing", "DEVICE_UNKNOWN"),
  "device filter": { args: ["platform == node"], unknown: null },
  "group list": example("", null),
  "group save": { args: ["pilots", "platform == node"], unknown: null },
  "group delete": example("nothing", "OPTION_INVALID"),
  "account list": example("", null),
  "account invite": example("new --role viewer", null),
  "account set-role": example("nobody viewer", "ACCOUNT_UNKNOWN"),
  "account disable": example("nobody", "ACCOUNT_UNKNOWN"),
  "account enable": example("nobody", "ACCOUNT_UNKNOWN"),
  "account reset": example("nobody", "ACCOUNT_UNKNOWN"),
  "token create": example("ci --role viewer", null),
  "token list": example("", null),
  "token revoke": example("nothing", "OPTION_INVALID"),
  "audit list": example("", null),
  "audit verify": example("", null),
};

/** Commands that need no aggregator, or read a file before they ask one; each has tests of its own. */
const LOCAL_COMMANDS = [
  ...[
    "start",
    "serve",
    "simulate",
    "bench",
    "rollout rehearse",
    "drift rehearse",
    "model import",
    "account password",
  ],
  ...[
    "keys init",
    "keys show",
    "keys status",
    "keys renew-root",
    "keys rotate",
    "keys sign-root",
    "keys export-root",
  ],
  ...["tuf init", "tuf refresh", "tuf download", "drift test"],
  ...["build", "outline", "show", "check", "review", "attach"].flatMap((command) => [
    `profile ${command}`,
    `drift profile ${command}`,
  ]),
];

const commands = await everyCommand();
const withServer = Object.entries(SERVER_COMMANDS);

let app: AppDouble;
let listener: HttpListener;
let server: string;
beforeAll(async () => {
  vi.stubEnv("FEDGE_SERVER", undefined);
  vi.stubEnv("FEDGE_TOKEN", undefined);
  vi.stubEnv("FEDGE_STATE", undefined);
  app = createAppDouble({ allowOpenReads: false });
  listener = await listen(app.http, { host: "127.0.0.1", port: 0 });
  server = `http://127.0.0.1:${listener.port}`;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await listener.close();
});

test("every command is in one of the tables", () => {
  const known = [...Object.keys(SERVER_COMMANDS), ...LOCAL_COMMANDS];

  expect([...commands.keys()].sort()).toEqual(known.sort());
});

describe.each([...commands])("the help of fedge %s", (path, command) => {
  test("describes the command, its arguments and its options, --json among them", async () => {
    const options = optionsOf(command);

    expect(command.description()).not.toBe("");
    expect(options.filter(({ description }) => description === "")).toEqual([]);
    expect(command.registeredArguments.filter(({ description }) => description === "")).toEqual([]);
    expect(options.map(({ long }) => long)).toContain("--json");
    const { stdout, exitCode } = await runHere([...path.split(" "), "--help"]);
    for (const { long } of options) expect(stdout).toContain(`${long}`);
    expect(exitCode).toBe(0);
  });
});

describe.each(withServer)("fedge %s", (path, { args, unknown }) => {
  const words = [...path.split(" "), ...args];
  const required = commands.get(path)?.registeredArguments.filter((argument) => argument.required) ?? [];

  test.runIf(required.length > 0)("without its arguments says which one is missing", async () => {
    const run = await runHere([...path.split(" "), "--json"]);

    expectFailure(run, "OPTION_INVALID", `missing required argument '${required[0]?.name()}'`);
  });

  test("with an option that there is not, names the help", async () => {
    const run = await runHere([...words, "--nonsense", "--json"]);

    expectFailure(run, "OPTION_INVALID", "--help` lists what there is");
  });

  test("where no aggregator answers says how to reach one", async () => {
    const run = await runHere([...words, "--server", "http://127.0.0.1:1", "--token", "t", "--json"]);

    expectFailure(run, "SERVER_UNREACHABLE", "start one with `fedge serve`");
  });

  test("with a token that is not accepted says how to give one", async () => {
    const run = await runHere([...words, "--server", server, "--token", "fedge_wrong", "--json"]);

    expectFailure(run, "TOKEN_INVALID", "give an API token or the admin token with --token");
  });

  test.runIf(unknown !== null)("of what there is not says so, and where to look", async () => {
    const run = await runHere([...words, "--server", server, "--token", ADMIN_TOKEN, "--json"]);

    expectFailure(run, unknown ?? "", "");
  });

  test.runIf(unknown === null)("with --json prints one value and nothing else", async () => {
    const run = await runHere([...words, "--server", server, "--token", ADMIN_TOKEN, "--json"]);

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(() => void JSON.parse(run.stdout)).not.toThrow();
  });
});

/** One sentence with a remedy on stderr, one object with the code on stdout, exit code 1, no stack. */
function expectFailure(run: FedgeRun, code: string, sentence: string): void {
  expect(run.exitCode).toBe(1);
  expect(run.stderr).toContain(sentence);
  expect(run.stderr).toMatch(/^fedge: [^\n]{20,}\.\n$/);
  expect(run.stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(lastJson(run)).toMatchObject({ error: { code } });
}

async function everyCommand(): Promise<ReadonlyMap<string, Command>> {
  const program = createProgram(processTerminal());
  for (const verb of VERBS) (await verb.load())(program, processTerminal());
  return new Map(program.commands.flatMap((command) => leavesOf(command, command.name())));
}

function leavesOf(command: Command, path: string): (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[path, command]];
  return command.commands.flatMap((inner) => leavesOf(inner, `${path} ${inner.name()}`));
}

/** Its own options, and those that it takes of the commands above it. */
function optionsOf(command: Command): Command["options"] {
  const { parent } = command;
  return parent === null || parent.parent === null
    ? command.options
    : [...command.options, ...parent.options];
}
