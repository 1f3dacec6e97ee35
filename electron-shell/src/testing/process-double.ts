import { fork } from "node:child_process";
import type { MainPort, UtilityProcessApi } from "../main/electron-api.js";
import { dataOf, type Line } from "@fedge/device-runtime/remote";
import { ProcessChannels } from "../ports/process-channels.js";

/** A utility process of the double, which a test may kill. */
export interface ProcessDouble extends UtilityProcessApi {
  readonly pid: number | undefined;
  killWith(signal: NodeJS.Signals): void;
}

/** The module in a real process of Node's, with ports over its one channel. */
export function forkedProcess(modulePath: string): ProcessDouble {
  const child = fork(modulePath, [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
  const channels = new ProcessChannels(child);
  return {
    get pid() {
      return child.pid;
    },
    killWith: (signal) => void child.kill(signal),
    kill: () => child.kill(),
    postMessage: (message, [port] = []) => {
      if (port === undefined) channels.post(message);
      else join(port, channels.postWithLine(message));
    },
    on: (event: "message" | "exit", listener: (given: never) => void) => {
      if (event === "message") channels.onMessage((message) => listener(message as never));
      else child.on("exit", (code) => listener((code ?? -1) as never));
    },
  };
}

function join(port: MainPort, line: Line): void {
  port.on("message", ({ data }) => line.postMessage(data));
  line.addEventListener("message", (event: Event) => port.postMessage(dataOf(event)));
  port.on("close", () => line.close());
  line.onClose(() => port.close());
  port.start();
}

/** A process that does only what a test makes it do. */
export class ScriptedProcess implements ProcessDouble {
  readonly pid = undefined;
  /** What it was told, and how many ports came with it. */
  readonly told: { readonly message: unknown; readonly ports: readonly MainPort[] }[] = [];
  isKilled = false;
  #hear: (message: unknown) => void = () => undefined;
  #ended: (code: number) => void = () => undefined;

  postMessage(message: unknown, ports: MainPort[] = []): void {
    this.told.push({ message: structuredClone(message), ports });
  }

  on(event: "message" | "exit", listener: (given: never) => void): void {
    if (event === "message") this.#hear = (message) => listener(message as never);
    else this.#ended = (code) => listener(code as never);
  }

  kill(): boolean {
    this.isKilled = true;
    this.end(0);
    return true;
  }

  killWith(): void {
    this.kill();
  }

  say(message: unknown): void {
    this.#hear(message);
  }

  end(code: number): void {
    this.#ended(code);
  }
}
