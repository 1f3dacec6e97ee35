import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { repositoryRoot } from "../architecture/source-files.js";

interface Said {
  readonly phase?: string;
  readonly roundId?: string;
  readonly version?: number;
}

/** A real device in a process of its own, which can be killed and started again on what it left. */
export class DeviceProcess {
  #child: ChildProcess | null = null;
  #lastVersion = 0;
  readonly #listeners = new Set<(said: Said) => void>();

  constructor(
    private readonly server: string,
    private readonly directory: string,
    readonly seed: string,
  ) {}

  get lastVersion(): number {
    return this.#lastVersion;
  }

  start(): void {
    const script = join(repositoryRoot, "test/e2e/digits-device.mjs");
    const child = spawn(process.execPath, [script, this.server, this.directory, this.seed], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as Said;
      this.#lastVersion = said.version ?? this.#lastVersion;
      for (const listener of this.#listeners) listener(said);
    });
  }

  /** Resolves at the next time that the device says it is in this phase of a round. */
  async reaches(phase: string, withinMs = 120_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`device ${this.seed} was not ${phase} within ${withinMs} ms`)),
        withinMs,
      );
      const listener = (said: Said): void => {
        if (said.phase !== phase) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(said.roundId ?? "");
      };
      this.#listeners.add(listener);
    });
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}
