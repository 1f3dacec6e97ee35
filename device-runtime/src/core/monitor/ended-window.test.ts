import { createRandom, type ModelName } from "@fedge/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { nodeDigest } from "../../node/digest.js";
import { sampleProfile } from "../../testing/sample-profile.js";
import { latencyBin } from "../serving/serving-counter.js";
import type { WindowJudgement } from "./drift-judgement.js";
import { VersionMonitor } from "./version-monitor.js";

const WINDOW_MS = 60_000;
const KEPT = "drift/digits/1/kept/";

/** A page whose timers come late: time passes, and nothing is called until `turn`. */
class LatePage {
  nowMs = 1000 * WINDOW_MS;
  readonly judgements: WindowJudgement[] = [];
  readonly store = createMemoryByteStore();
  #waiting: { readonly delayMs: number; readonly run: () => void }[] = [];

  async open(): Promise<VersionMonitor> {
    const profile = await sampleProfile(nodeDigest, { window: { lengthMs: WINDOW_MS } });
    const monitor = new VersionMonitor({
      ...{ model: "digits" as ModelName, version: 1, profile, latencyBin },
      ports: {
        ...{ store: this.store, random: createRandom("late") },
        clock: { nowMs: () => this.nowMs, after: (delayMs, run) => this.#after(delayMs, run) },
      },
      sender: { keep: () => [], kept: () => undefined },
      onJudged: (judgement) => this.judgements.push(judgement),
      onShadow: () => undefined,
      onError: (error) => {
        throw error;
      },
    });
    await monitor.restore();
    return monitor;
  }

  /** Calls what waits for the next turn, and nothing that waits longer. */
  async turn(): Promise<void> {
    const due = this.#waiting.filter(({ delayMs }) => delayMs === 0);
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const { run } of due) run();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #after(delayMs: number, run: () => void): () => void {
    const one = { delayMs, run };
    this.#waiting.push(one);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== one));
  }
}

function predict(monitor: VersionMonitor): void {
  const input = { shape: [1, 1], data: Float64Array.of(0.5) };
  monitor.begin(1, { input })?.answered({}, 50, "id");
}

let page: LatePage;
let monitor: VersionMonitor;
beforeEach(async () => {
  page = new LatePage();
  monitor = await page.open();
  predict(monitor);
  page.nowMs += WINDOW_MS;
});

describe("a window that a prediction of the next one ends", () => {
  test("is judged in a turn of its own, and the prediction counts in the next", async () => {
    predict(monitor);
    await Promise.resolve();
    const before = page.judgements.length;
    await page.turn();
    await monitor.retire();

    expect(before).toBe(0);
    expect(page.judgements.map(({ window, numRows }) => [window, numRows])).toEqual([
      [1000, 1],
      [1001, 1],
    ]);
  });

  test("is not opened again by a clock that goes back before that turn", async () => {
    predict(monitor);
    page.nowMs -= WINDOW_MS;
    predict(monitor);
    await page.turn();
    await monitor.close();

    expect(page.judgements.map(({ window, numRows }) => [window, numRows])).toEqual([[1000, 1]]);
  });

  test("is kept when the device closes before that turn", async () => {
    predict(monitor);
    await monitor.close();

    expect(page.judgements.map(({ window }) => window)).toEqual([1000]);
    expect(await page.store.keys(KEPT)).toHaveLength(1);
  });

  test("is forgotten when what was seen is erased before that turn", async () => {
    predict(monitor);
    await monitor.erase();
    await page.turn();
    await monitor.close();

    expect(page.judgements).toEqual([]);
    expect(await page.store.keys(KEPT)).toEqual([]);
  });
});

test("a window that was kept before features were compared together is still one", async () => {
  await monitor.retire();
  const [key = ""] = await page.store.keys(KEPT);
  const bytes = (await page.store.get(key)) ?? new Uint8Array();
  await page.store.put(key, withoutJoint(bytes));

  const restored = await page.open();

  expect(restored.last).toMatchObject({ window: 1000, joint: [] });
});

/** The judgement is JSON after its length, little-endian. */
function withoutJoint(bytes: Uint8Array): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { joint: _, ...rest } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as {
    joint: unknown;
  };
  const text = new TextEncoder().encode(JSON.stringify(rest));
  const changed = new Uint8Array(4 + text.length + bytes.length - 4 - length);
  new DataView(changed.buffer).setUint32(0, text.length, true);
  changed.set(text, 4);
  changed.set(bytes.subarray(4 + length), 4 + text.length);
  return changed;
}
