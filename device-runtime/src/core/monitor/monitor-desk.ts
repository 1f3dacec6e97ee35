import type { ModelName } from "@fedge/protocol";
import type { Monitors, MonitorsParts } from "./monitors.js";

/** Has the monitors loaded with the first version that has a reference profile: many models have none. */
export class MonitorDesk {
  /** Null until then. */
  monitors: Monitors | null = null;
  #loading: Promise<void> = Promise.resolve();

  constructor(private readonly parts: MonitorsParts) {}

  /** Another version of the model serves. */
  served(model: ModelName): void {
    const { hosts, onError } = this.parts;
    if (this.monitors === null && hosts.get(model)?.active?.manifest.profile === undefined) return;
    this.#loading = import("./on-demand.js")
      .then(({ Monitors }) => (this.monitors ??= new Monitors(this.parts)).served(model))
      .catch(onError);
  }

  /** Why the model must not learn from this device's data now, in words; null when it may. */
  readonly against = (model: ModelName): string | null => this.monitors?.against(model) ?? null;

  async close(): Promise<void> {
    await this.#loading;
    await this.monitors?.close();
  }
}
