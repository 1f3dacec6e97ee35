import { FedgeError } from "@fedge/protocol";
import { subjectOf, type AlertRecord, type Delivery } from "../alerts/alert-record.js";
import type { AlertChange, DriftStore } from "../drift-store.js";

/** Alerts and webhook calls of a drift store in memory. */
export class MemoryAlerts {
  /** In the order in which they were opened. */
  #alerts = new Map<string, AlertRecord>();
  readonly #deliveries = new Map<string, Delivery>();

  /** All or nothing. */
  save({ alerts, deliveries }: AlertChange): void {
    const changed = new Map(this.#alerts);
    for (const alert of alerts) changed.set(alert.alertId, structuredClone(alert));
    const open = [...changed.values()].filter(({ state }) => state !== "resolved");
    const subjects = new Set(open.map(({ model, evidence }) => `${model}/${subjectOf(evidence)}`));
    if (subjects.size !== open.length)
      throw new FedgeError("VERSION_CONFLICT", "there is an open alert of this matter already");
    this.#alerts = changed;
    for (const delivery of deliveries) this.saveDelivery(delivery);
  }

  get(alertId: string): AlertRecord | undefined {
    return this.#alerts.get(alertId);
  }

  list({ model, isOpen, limit }: Parameters<DriftStore["listAlerts"]>[0]): AlertRecord[] {
    return [...this.#alerts.values()]
      .reverse()
      .filter(
        (alert) =>
          (model === undefined || alert.model === model) &&
          (isOpen === undefined || isOpen === (alert.state !== "resolved")),
      )
      .slice(0, limit);
  }

  pending(): Delivery[] {
    const all = [...this.#deliveries.values()].filter(({ state }) => state === "pending");
    return all.sort((one, other) => one.nextAtMs - other.nextAtMs);
  }

  saveDelivery(delivery: Delivery): void {
    this.#deliveries.set(delivery.deliveryId, { ...delivery });
  }
}
