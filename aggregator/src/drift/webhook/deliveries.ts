import type { Clock } from "../../clock/clock.js";
import type { Counters, Logger } from "../../rounds/ports.js";
import type { Delivery } from "../alerts/alert-record.js";
import type { DriftStore } from "../drift-store.js";
import type { WebhookTarget } from "./webhook-target.js";

export const MAX_ATTEMPTS = 10;
const FIRST_RETRY_MS = 5000;
const MOST_RETRY_MS = 3_600_000;

export interface DeliveriesOptions {
  readonly store: Pick<DriftStore, "pendingDeliveries" | "saveDelivery">;
  readonly target: WebhookTarget;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
}

/**
 * Tells the webhook, each event in one chain of attempts. Before an attempt is made it is written that it was, and when the
 * next one would be: a kill repeats at most the attempt under way, and never begins anew.
 */
export class Deliveries {
  #cancel: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(private readonly options: DeliveriesOptions) {}

  /** There may be something to deliver. Resolves when what is due was attempted. */
  wake(): Promise<void> {
    this.#running = this.#running
      .then(() => this.#run())
      .catch((error: unknown) => {
        this.options.logger.error({ err: error }, "webhook calls could not be read or written");
      });
    return this.#running;
  }

  /** Ends the timer; the attempt under way is finished first. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    if (this.#isClosed) return;
    const nowMs = this.options.clock.nowMs();
    for (const delivery of await this.options.store.pendingDeliveries())
      if (delivery.nextAtMs <= nowMs && !this.#isClosed) await this.#attempt(delivery);
    await this.#schedule();
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { store, target, clock, counters, logger } = this.options;
    // The process ended in the last attempt.
    if (delivery.numAttempts >= MAX_ATTEMPTS) return store.saveDelivery({ ...delivery, state: "given-up" });
    const tried = attempted(delivery, clock.nowMs());
    await store.saveDelivery(tried);
    try {
      await target.post(tried.deliveryId, tried.body);
      await store.saveDelivery({ ...tried, state: "delivered" });
      counters.count("fedge_webhook_calls_total", { outcome: "delivered" });
    } catch (error) {
      const isLast = tried.numAttempts >= MAX_ATTEMPTS;
      if (isLast) await store.saveDelivery({ ...tried, state: "given-up" });
      counters.count("fedge_webhook_calls_total", { outcome: isLast ? "given-up" : "failed" });
      const { deliveryId, numAttempts } = tried;
      logger.warn({ err: error, deliveryId, numAttempts }, "a webhook call failed");
    }
  }

  async #schedule(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const [soonest] = await this.options.store.pendingDeliveries();
    if (soonest === undefined || this.#isClosed) return;
    const delayMs = Math.max(0, soonest.nextAtMs - this.options.clock.nowMs());
    this.#cancel = this.options.clock.after(Math.min(delayMs, MOST_RETRY_MS), () => void this.wake());
  }
}

/** The delivery as it stands while an attempt is made: one more, and when to try again if nothing comes of it. */
export function attempted(delivery: Delivery, nowMs: number): Delivery {
  const numAttempts = delivery.numAttempts + 1;
  const waitMs = Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** (numAttempts - 1));
  return { ...delivery, numAttempts, nextAtMs: nowMs + waitMs };
}
