import { logistic } from "@fedge/onnx-autodiff/zoo";
import { FedgeError } from "@fedge/protocol";
import type { RolloutConfig } from "../../rollouts/rollout-config.js";
import type { RolloutCommand, RolloutView } from "../../rollouts/rollout-view.js";
import { startServerChild, type ServerChild } from "../serve/server-child.js";

export const MODEL = "clouds";
const POLL_MS = 50;
const DEADLINE_MS = 600_000;

/** What a process has used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** A real `fedge serve` with a small model of three versions, of which the fleet runs the first. */
export class BenchServer {
  private constructor(private readonly child: ServerChild) {}

  static async start(): Promise<BenchServer> {
    const server = new BenchServer(await startServerChild());
    for (const seed of [1, 2, 3]) {
      const onnx = new Uint8Array(logistic({ inputs: 16, classes: 3, seed }));
      await server.child.post(`/v1/models?model=${MODEL}&loss=softmax-cross-entropy`, onnx);
    }
    return server;
  }

  get url(): string {
    return this.child.url;
  }

  close(): Promise<void> {
    return this.child.close();
  }

  /** A rollout to every device at once, without gates that would wait. */
  async createRollout(rolloutId: string, version: number): Promise<void> {
    const change: Partial<Record<keyof RolloutConfig, unknown>> = {
      waves: [{ name: "everyone", percent: 100, soakMs: 0 }],
      gates: { install: { minSuccess: 1, minReached: 1, maxErrors: 0, minReports: 1 }, metrics: [] },
      ...{ inProgressTimeoutMs: DEADLINE_MS, onAbort: "cancel" },
    };
    await this.child.post("/v1/rollouts", { template: "quick", rolloutId, model: MODEL, version, ...change });
  }

  async command(rolloutId: string, command: RolloutCommand): Promise<void> {
    await this.child.post(`/v1/rollouts/${rolloutId}/${command}`, { reason: "benchmark" });
  }

  /** Waits for the state and gives the time at which it was seen. Throws DEADLINE_EXCEEDED. */
  async until(rolloutId: string, state: RolloutView["state"]): Promise<number> {
    const view = async (): Promise<RolloutView> =>
      JSON.parse(text(await this.child.get(`/v1/rollouts/${rolloutId}`))) as RolloutView;
    return poll(`rollout ${rolloutId} to be ${state}`, async () => (await view()).state === state);
  }

  /** Waits until so many installations in all were said to be committed. */
  async untilCommitted(numInstalls: number): Promise<number> {
    const name = 'fedge_installs_total{state="committed",code=""}';
    const what = `${numInstalls} committed installations`;
    return poll(what, async () => valueOf(await this.#metrics(), name) >= numInstalls);
  }

  async usage(): Promise<Usage> {
    const metrics = await this.#metrics();
    return {
      cpuSeconds: valueOf(metrics, "process_cpu_seconds_total"),
      residentBytes: valueOf(metrics, "process_resident_memory_bytes"),
    };
  }

  async #metrics(): Promise<string> {
    return text(await this.child.get("/metrics"));
  }
}

async function poll(what: string, ask: () => Promise<boolean>): Promise<number> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  let cause: unknown = null;
  while (performance.now() < deadlineMs) {
    try {
      if (await ask()) return performance.now();
    } catch (error) {
      // A server that is busy for seconds closes connections that wait; the next question is another one.
      cause = error;
    }
    await pause(POLL_MS);
  }
  throw new FedgeError("DEADLINE_EXCEEDED", `waited ${DEADLINE_MS} ms for ${what}`, { cause });
}

/** Lets things go on for a while. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Prometheus' text form; zero for what is not there yet. */
function valueOf(metrics: string, name: string): number {
  const line = metrics.split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
