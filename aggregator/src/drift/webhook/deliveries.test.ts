import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../clock/manual-clock.js";
import type { Delivery } from "../alerts/alert-record.js";
import type { DriftStore } from "../drift-store.js";
import { memoryDriftStore } from "../testing/memory-drift-store.js";
import { sampleAlert } from "../testing/sample-alert.js";
import { Deliveries, MAX_ATTEMPTS } from "./deliveries.js";

const NO_COUNTERS = { count: () => undefined, observe: () => undefined };
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

let store: DriftStore;
let clock: ManualClock;
/** Ids of the calls, in their order. */
let calls: string[];
let answer: () => Promise<void>;

beforeEach(() => {
  [store, clock, calls] = [memoryDriftStore(), new ManualClock(1000), []];
  answer = () => Promise.resolve();
});

function open(from: Pick<DriftStore, "pendingDeliveries" | "saveDelivery"> = store): Deliveries {
  return new Deliveries({
    ...{ store: from, clock, counters: NO_COUNTERS, logger: SILENT },
    target: {
      post: (deliveryId) => {
        calls.push(deliveryId);
        return answer();
      },
    },
  });
}

async function keep(deliveryId: string): Promise<Delivery> {
  const { alertId } = sampleAlert();
  const delivery: Delivery = {
    ...{ deliveryId, alertId, state: "pending", numAttempts: 0, nextAtMs: 1000, body: "{}" },
  };
  await store.saveAlerts({ alerts: [], deliveries: [delivery] });
  return delivery;
}

const refuse = () => Promise.reject(new Error("of the test"));

describe("the webhook", () => {
  test("is called once for an event, however often it is looked at", async () => {
    await keep("one");
    const deliveries = open();

    await Promise.all(Array.from({ length: 100 }, () => deliveries.wake()));

    expect(calls).toEqual(["one"]);
    expect(await store.pendingDeliveries()).toEqual([]);
    await deliveries.close();
  });

  test("is called again after 5, 10, 20 seconds under the same id, until it takes it", async () => {
    await keep("one");
    const deliveries = open();
    answer = refuse;
    await deliveries.wake();
    for (const [seconds, numCalls] of [
      [4, 1],
      [1, 2],
      [9, 2],
      [1, 3],
    ] as const) {
      clock.advance(seconds * 1000);
      await deliveries.wake();
      expect(calls).toHaveLength(numCalls);
    }
    answer = () => Promise.resolve();
    clock.advance(20_000);
    await deliveries.wake();
    clock.advance(1e9);
    await deliveries.wake();

    expect(calls).toEqual(Array(4).fill("one"));
    await deliveries.close();
  });

  test("is given up after ten attempts", async () => {
    await keep("one");
    const deliveries = open();
    answer = refuse;
    for (let turn = 0; turn < 2 * MAX_ATTEMPTS; turn += 1) {
      await deliveries.wake();
      clock.advance(3_600_000);
    }

    expect(calls).toHaveLength(MAX_ATTEMPTS);
    expect(await store.pendingDeliveries()).toEqual([]);
    await deliveries.close();
  });

  test("is not called for others' failures: each event has a chain of its own", async () => {
    await keep("one");
    await keep("two");
    const deliveries = open();
    answer = () => (calls.at(-1) === "one" ? refuse() : Promise.resolve());

    await deliveries.wake();

    expect(calls).toEqual(["one", "two"]);
    expect((await store.pendingDeliveries()).map(({ deliveryId }) => deliveryId)).toEqual(["one"]);
    await deliveries.close();
  });

  test("is called once more after a kill in the middle of a call, when that is due, and no attempt begins anew", async () => {
    await keep("one");
    // Never answered: the process ends in between, and another one goes on with what is kept.
    answer = () => new Promise<void>(() => undefined);
    void open().wake();
    await Promise.resolve();
    while (calls.length === 0) await Promise.resolve();
    expect(await store.pendingDeliveries()).toMatchObject([{ numAttempts: 1, nextAtMs: 6000 }]);
    answer = () => Promise.resolve();
    const next = open();

    await next.wake();
    expect(calls).toHaveLength(1);
    clock.advance(5000);
    await next.wake();

    expect(calls).toEqual(["one", "one"]);
    expect(await store.pendingDeliveries()).toEqual([]);
    await next.close();
  });
});
