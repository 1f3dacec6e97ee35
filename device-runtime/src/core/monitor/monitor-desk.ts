import { decodeEnvelope, decodeSafetensors, deviceTopic, type ModelName } from "@fedge/protocol";
import { latencyBin } from "../serving/serving-counter.js";
import type { Monitors, MonitorsParts } from "./monitors.js";

const OWN = { decodeEnvelope, decodeSafetensors, deviceTopic, latencyBin };

/** Has the monitors loaded with the first version that has a reference profile: many models have none. */
export class MonitorDesk {
  /** Null until then. */
  monitors: Monitors | null = null;
  #loading: Promise<void> = Promise.resolve();

  readonly #parts: MonitorsParts;

  /** What the device has anyway is given, not imported there: a bundler would part it from the page's first file. */
  constructor(parts: Omit<MonitorsParts, keyof typeof OWN>) {
    this.#parts = { ...parts, ...OWN };
  }

  /** Another version of the model serves. */
  served(model: ModelName): void {
    const { hosts, onError } = this.#parts;
    if (this.monitors === null && hosts.get(model)?.active?.manifest.profile === undefined) return;
    this.#loading = import("./on-demand.js")
      .then(({ Monitors }) => (this.monitors ??= new Monitors(this.#parts)).served(model))
      .catch(onError);
  }

  /** Why the model must not learn from this device's data now, in words; null when it may. */
  against(model: ModelName): string | null {
    return this.monitors?.against(model) ?? null;
  }

  /** Whether it may. */
  readonly isFit = (model: ModelName): boolean => this.against(model) === null;

  async close(): Promise<void> {
    await this.#loading;
    await this.monitors?.close();
  }
}
