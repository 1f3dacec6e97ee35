import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { repositoryRoot } from "../architecture/source-files.js";
import { freePort } from "../e2e/server-process.js";

/** A real `fedge start`: what `npm start` runs, on free ports. */
export class DemoProcess {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  /** Builds the keyboard page if nobody has; resolves when the server has printed its addresses. */
  static async start(numDevices: number): Promise<DemoProcess> {
    if (!existsSync(join(repositoryRoot, "browser-demo/dist/page/index.html"))) {
      const root = join(repositoryRoot, "browser-demo/page");
      await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "error" });
    }
    const directory = await mkdtemp(join(tmpdir(), "fedge-demo-"));
    const port = await freePort();
    const flags = ["start", "--devices", String(numDevices), "--port", String(port), "--mqtt-port", "0"];
    const script = join(repositoryRoot, "aggregator/bin/fedge.js");
    const child = spawn(process.execPath, [script, ...flags, "--state", join(directory, "state")]);
    let stderr = "";
    await new Promise<void>((resolve, reject) => {
      child.stderr.on("data", (text: Buffer) => {
        stderr += text.toString();
        if (stderr.includes("/keyboard/")) resolve();
      });
      child.once("exit", (code) => reject(new Error(`fedge start ended with ${code}: ${stderr}`)));
    });
    return new DemoProcess(`http://127.0.0.1:${port}`, child, directory);
  }

  get keyboardUrl(): string {
    return `${this.url}/keyboard/`;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async close(): Promise<void> {
    if (this.child.exitCode === null) {
      const exited = once(this.child, "exit");
      this.child.kill("SIGTERM");
      await exited;
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}
