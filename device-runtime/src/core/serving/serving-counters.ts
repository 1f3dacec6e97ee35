import { servingMetrics, type ModelName, type ServingMetrics } from "@fedge/protocol";
import type { Connection } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";
import { ServingCounter, type CountedVersion } from "./serving-counter.js";

/** Between two messages of a device that serves all the time. */
export const DEFAULT_METRICS_INTERVAL_MS = 60_000;

export interface ServingCountersParts {
  readonly ports: Pick<DevicePorts, "store" | "clock">;
  readonly connection: Pick<Connection, "send" | "isOnline">;
  readonly mayReport: () => boolean;
  readonly intervalMs: number;
  readonly onError: (error: unknown) => void;
}

/** The counts of what serves, model by model: kept and sent once in a while, at the end of a probation and at the end. */
export class ServingCounters {
  readonly #current = new Map<ModelName, ServingCounter>();
  readonly #unsent = new Set<ModelName>();
  #cancelTimer: () => void = () => undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ServingCountersParts) {}

  /** Begins to look after the counts. */
  start(): void {
    this.#cancelTimer = this.parts.ports.clock.after(this.parts.intervalMs, () => {
      this.flush();
      this.start();
    });
  }

  /** Counts this installation from now on, and on from where a process before has stopped. */
  async begin(counted: CountedVersion): Promise<ServingCounter> {
    this.flush();
    await this.#writing;
    const counter = new ServingCounter(counted, await this.#kept(counted));
    this.#current.set(counted.model, counter);
    return counter;
  }

  /** Counts with a counter from before, whose version serves again. */
  resume(counter: ServingCounter): void {
    this.flush();
    this.#current.set(counter.counted.model, counter);
  }

  of(model: ModelName): ServingCounter | undefined {
    return this.#current.get(model);
  }

  /** Keeps and sends what has changed; without consent to reporting, or a line, it is only kept. */
  flush(): void {
    const { connection, mayReport, onError } = this.parts;
    for (const [model, counter] of this.#current) {
      if (counter.hasChanged) {
        this.#keep(counter.message());
        this.#unsent.add(model);
      }
      if (!this.#unsent.has(model) || !mayReport() || !connection.isOnline) continue;
      this.#unsent.delete(model);
      connection.send("metrics", counter.message()).catch((error: unknown) => {
        this.#unsent.add(model);
        if (connection.isOnline) onError(error);
      });
    }
  }

  /** What was counted is kept, and sent if there is a line. */
  async close(): Promise<void> {
    this.#cancelTimer();
    this.flush();
    await this.#writing;
  }

  #keep(message: ServingMetrics): void {
    const bytes = new TextEncoder().encode(JSON.stringify(message));
    this.#writing = this.#writing
      .then(() => this.parts.ports.store.write([[keyOf(message.model), bytes]], { isDurable: false }))
      .catch(this.parts.onError);
  }

  async #kept({ model, version, installation }: CountedVersion): Promise<ServingMetrics | null> {
    try {
      const bytes = await this.parts.ports.store.get(keyOf(model));
      if (bytes === undefined) return null;
      const kept = servingMetrics.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
      const isSame = kept.data?.version === version && kept.data.installation === installation;
      return kept.success && isSame ? kept.data : null;
    } catch (error) {
      this.parts.onError(error);
      return null;
    }
  }
}

function keyOf(model: ModelName): string {
  return `serving/${model}`;
}
