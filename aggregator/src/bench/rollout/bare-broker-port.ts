import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface BareOrder {
  readonly topics: readonly string[];
  readonly payload: string;
  /** What has to come back until it is done. */
  readonly numReports: number;
}

export type BareWord =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "done"; readonly cpuSeconds: number };

/** The bare broker's process, as the benchmark sees it. */
export class BareBroker {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(): Promise<BareBroker> {
    const child = fork(fileURLToPath(new URL("./bare-broker.js", import.meta.url)));
    const word = await nextWord(child);
    return new BareBroker(child, word.type === "listening" ? word.port : 0);
  }

  /** Resolves when all reports are there. */
  async publish(order: BareOrder): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
    const startMs = performance.now();
    this.child.send(order);
    const word = await nextWord(this.child);
    const seconds = (performance.now() - startMs) / 1000;
    return { seconds, cpuSeconds: word.type === "done" ? word.cpuSeconds : 0 };
  }

  async close(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }
}

async function nextWord(child: ChildProcess): Promise<BareWord> {
  const [word] = (await once(child, "message")) as [BareWord];
  return word;
}
