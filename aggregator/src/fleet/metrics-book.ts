import type { DeviceId, ModelName, ServingMetrics } from "@fedge/protocol";
import type { MetricsRecord, RolloutStore } from "../rollouts/rollout-store.js";

/**
 * What devices counted, newest message of each device and version: in memory as it was read first, and in the store as it
 * comes. Counts of a device that says the same again change nothing.
 */
export class MetricsBook {
  readonly #versions = new Map<string, Promise<Map<DeviceId, MetricsRecord>>>();

  constructor(
    private readonly store: Pick<RolloutStore, "saveMetrics" | "listMetrics" | "deleteMetrics">,
    private readonly nowMs: () => number,
  ) {}

  async take(deviceId: DeviceId, metrics: ServingMetrics): Promise<void> {
    const records = await this.#of(metrics.model, metrics.version);
    const before = records.get(deviceId);
    if (before !== undefined && before.metrics.installation > metrics.installation) return;
    const record = { deviceId, metrics, receivedAtMs: this.nowMs() };
    await this.store.saveMetrics(record);
    records.set(deviceId, record);
  }

  /** Rejects when the store does not answer: a gate must know that it was not measured. */
  async of(model: ModelName, version: number): Promise<ReadonlyMap<DeviceId, MetricsRecord>> {
    return this.#of(model, version);
  }

  /** Nothing of what the device counted stays. */
  async forget(deviceId: DeviceId): Promise<void> {
    await this.store.deleteMetrics(deviceId);
    for (const records of this.#versions.values()) (await records).delete(deviceId);
  }

  #of(model: ModelName, version: number): Promise<Map<DeviceId, MetricsRecord>> {
    const key = `${model}@${version}`;
    const known = this.#versions.get(key);
    if (known !== undefined) return known;
    const reading = this.store
      .listMetrics(model, version)
      .then((records) => new Map(records.map((record) => [record.deviceId, record])));
    this.#versions.set(key, reading);
    reading.catch(() => this.#versions.delete(key));
    return reading;
  }
}
