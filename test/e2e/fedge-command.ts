import { spawn } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../architecture/source-files.js";

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real `fedge` to its end, with no FEDGE_ variable of this process; `nodeFlags` go before the script. */
export function runFedge(
  args: readonly string[],
  options: { readonly cwd: string; readonly nodeFlags?: readonly string[] },
): Promise<CommandResult> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("FEDGE_"));
  const script = join(repositoryRoot, "aggregator/bin/fedge.js");
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), script, ...args], {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
