import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../../bin/fedge.js", import.meta.url));

export interface FedgeRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FedgeOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the real `fedge` in a process of its own, with no FEDGE_ variable but those given. */
export function runFedge(args: readonly string[], options: FedgeOptions): Promise<FedgeRun> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("FEDGE_"));
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** The JSON value on the last line of stdout. */
export function lastJson(run: FedgeRun): unknown {
  return JSON.parse(run.stdout.trimEnd().split("\n").at(-1) ?? "");
}
