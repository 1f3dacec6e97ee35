import { main } from "../main.js";
import type { Terminal } from "../terminal.js";
import type { FedgeOptions, FedgeRun } from "./run-fedge.js";

/** Runs a command in this process, with a terminal that keeps what it is told and types `secrets`. `FEDGE_` variables are the process's. */
export async function runHere(args: readonly string[], secrets: readonly string[] = []): Promise<FedgeRun> {
  const said = { stdout: "", stderr: "", exitCode: 0 };
  const terminal: Terminal = {
    out: (text) => void (said.stdout += text),
    err: (text) => void (said.stderr += text),
    width: 100,
    screen: () => null,
    isInteractive: false,
    askSecrets: async () => [...secrets],
    env: {},
    isJson: args.includes("--json"),
    fail: () => void (said.exitCode = 1),
  };
  await main(args, terminal);
  return said;
}

/**
 * As `runFedge`, without a process of its own, which takes ten times as long to start as most commands take. One at a time:
 * the directory and the `FEDGE_` variables of this process are those of the command meanwhile.
 */
export async function runHereIn(args: readonly string[], { cwd, env = {} }: FedgeOptions): Promise<FedgeRun> {
  const before = { cwd: process.cwd(), env: fedgeVariables() };
  replaceFedgeVariables(env);
  process.chdir(cwd);
  try {
    return await runHere(args);
  } finally {
    process.chdir(before.cwd);
    replaceFedgeVariables(before.env);
  }
}

function fedgeVariables(): Readonly<Record<string, string>> {
  const all = Object.entries(process.env).filter(([name]) => name.startsWith("FEDGE_"));
  return Object.fromEntries(all) as Record<string, string>;
}

function replaceFedgeVariables(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(fedgeVariables())) delete process.env[name];
  Object.assign(process.env, variables);
}
