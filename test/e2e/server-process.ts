import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { repositoryRoot } from "../architecture/source-files.js";

/** A port that was free a moment ago; a server that is started again needs the same one each time. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

export interface ServerPlace {
  readonly state: string;
  readonly httpPort: number;
  readonly mqttPort: number;
}

/** A real `fedge serve` process that can be killed. */
export class ServerProcess {
  #child: ChildProcess | null = null;
  #stderr = "";

  constructor(
    private readonly place: ServerPlace,
    /** Flags for Node, and variables, with which faults are put into the process. */
    private readonly faults: {
      readonly nodeFlags?: readonly string[];
      readonly environment?: Readonly<Record<string, string>>;
    } = {},
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.place.httpPort}`;
  }

  /** Resolves when it has printed its addresses, which it does once it answers. */
  async start(): Promise<void> {
    const { state, httpPort, mqttPort } = this.place;
    const flags = [
      "serve",
      "--state",
      state,
      "--port",
      String(httpPort),
      "--mqtt-port",
      String(mqttPort),
      "--log-level",
      "warn",
    ];
    const { nodeFlags = [], environment = {} } = this.faults;
    const script = join(repositoryRoot, "aggregator/bin/fedge.js");
    const child = spawn(process.execPath, [...nodeFlags, script, ...flags], {
      env: { ...process.env, ...environment },
    });
    this.#child = child;
    child.stderr.on("data", (text: Buffer) => (this.#stderr += text.toString()));
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (text: Buffer) => text.includes("http://") && resolve());
      child.once("exit", (code) => reject(new Error(`fedge serve ended with ${code}: ${this.#stderr}`)));
    });
    await ready;
  }

  /** SIGKILL: nothing in the process runs any more. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Resolves when the process has ended by itself, or by a signal of somebody else. */
  async exited(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    this.#child = null;
  }

  /** As Ctrl-C does; gives the exit code. */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#request(path, { headers: this.#authorization() })) as T;
  }

  async post<T>(path: string, body: Uint8Array<ArrayBuffer> | object): Promise<T> {
    const isBytes = body instanceof Uint8Array;
    const type = isBytes ? "application/octet-stream" : "application/json";
    return (await this.#request(path, {
      method: "POST",
      headers: { "content-type": type, ...this.#authorization() },
      body: isBytes ? body : JSON.stringify(body),
    })) as T;
  }

  async #request(path: string, init: RequestInit): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
  }

  #authorization(): { readonly authorization: string } {
    const token = readFileSync(join(this.place.state, "admin-token"), "utf8").trim();
    return { authorization: `Bearer ${token}` };
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    child.removeAllListeners("exit");
    const exited = once(child, "exit");
    child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }
}
