import { main } from "../main.js";
import type { Terminal } from "../terminal.js";
import type { FedgeRun } from "./run-fedge.js";

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
