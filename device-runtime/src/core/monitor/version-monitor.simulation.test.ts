import {
  FedgeError,
  createRandom,
  decodeEnvelope,
  deviceTopic,
  type ModelName,
  type DeviceId,
  type ProfileWindow,
  type Random,
  type TenantId,
} from "@fedge/protocol";
import { decodeVector, layoutOf, type ReferenceProfile } from "@fedge/protocol/profile";
import { beforeAll, describe, expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { nodeDigest } from "../../node/digest.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { sampleProfile } from "../../testing/sample-profile.js";
import { latencyBin } from "../serving/serving-counter.js";
import type { ByteStore } from "../ports/storage.js";
import { VersionMonitor } from "./version-monitor.js";
import { WindowSender } from "./window-sender.js";

const NUM_SEEDS = 60;
const NUM_STEPS = 250;
const WINDOW_MS = 20_000;
const CREDENTIALS = {
  ...{ deviceId: "ana" as DeviceId, tenantId: "default" as TenantId, token: "token", brokerUrl: "memory:" },
};

let profile: ReferenceProfile;
beforeAll(async () => {
  profile = await sampleProfile(nodeDigest, { window: { lengthMs: WINDOW_MS, maxRows: 10_000 } });
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A process that dies before or after any of its writes, with a clock that jumps; what was sent is what the server has. */
class Simulation {
  readonly clock = new ManualClock(1_700_000_000_000);
  readonly disk: ByteStore = createMemoryByteStore();
  /** Every message that left, by window. */
  readonly sent = new Map<number, Set<string>>();
  numGiven = 0;
  /** Rows that were given after the last write before a kill. */
  numLost = 0;
  /** Whether writes may kill. */
  isDangerous = true;
  #life = { isOver: true };
  #monitor: VersionMonitor | null = null;
  #numStarts = 0;
  /** The window of each row that no write has kept yet. */
  #unsure: number[] = [];

  constructor(
    readonly seed: string,
    readonly random: Random,
    readonly mayGoBack: boolean,
  ) {}

  async start(): Promise<void> {
    const life = { isOver: false };
    this.#life = life;
    this.#numStarts += 1;
    const { clock } = this;
    const ports = {
      store: this.#mortal(life),
      random: createRandom(`${this.seed}/${this.#numStarts}`),
      clock: {
        nowMs: () => clock.nowMs(),
        after: (ms: number, run: () => void) => clock.after(ms, () => (life.isOver ? undefined : run())),
      },
    };
    const onError = (): void => undefined;
    const sender = new WindowSender({
      ...{ ports, mayReport: () => true, decodeEnvelope, deviceTopic, onError },
      connection: {
        ...{ isOnline: true, credentials: CREDENTIALS, listen: () => Promise.resolve() },
        send: async (_, body) => void (life.isOver ? undefined : this.#heard(body as ProfileWindow)),
      },
    });
    await sender.restore();
    // The server never answers: what waits is sent again with every start.
    sender.online();
    const model = "digits" as ModelName;
    const [onJudged, onShadow] = [(): void => undefined, (): void => undefined];
    this.#monitor = new VersionMonitor({
      model,
      version: 1,
      profile,
      latencyBin,
      ports,
      sender,
      onJudged,
      onShadow,
      onError,
    });
    await this.#monitor.restore();
    await settle();
  }

  kill(): void {
    this.#life.isOver = true;
    this.numLost += this.#unsure.length;
    this.#unsure = [];
  }

  async step(): Promise<void> {
    const draw = this.random.unit();
    if (draw < 0.55) this.#predict();
    else if (draw < 0.9) this.clock.advance(this.random.below(7000));
    else if (draw < 0.93) this.clock.advance(this.mayGoBack ? -this.random.below(45_000) : 1);
    else if (draw < 0.96) this.kill();
    else if (draw < 0.98) await this.#monitor?.close().then(() => this.kill());
    await settle();
    if (this.#life.isOver) await this.start();
  }

  #predict(): void {
    const input = { shape: [1, 1], data: Float64Array.of(this.random.unit()) };
    const watched = this.#monitor?.begin(1, { input });
    watched?.answered({}, 50, String(this.numGiven));
    this.numGiven += 1;
    this.#unsure.push(Math.floor(this.clock.nowMs() / WINDOW_MS));
  }

  #heard(message: ProfileWindow): void {
    const versions = this.sent.get(message.window) ?? new Set();
    this.sent.set(message.window, versions.add(JSON.stringify(message)));
  }

  #mortal(life: { isOver: boolean }): ByteStore {
    const { disk } = this;
    const alive = <T>(work: () => Promise<T>): Promise<T> =>
      life.isOver ? Promise.reject(new FedgeError("CLOSED", "killed")) : work();
    return {
      get: (key) => alive(() => disk.get(key)),
      keys: (prefix) => alive(() => disk.keys(prefix)),
      put: (key, value) => alive(() => disk.put(key, value)),
      delete: (key) => alive(() => disk.delete(key)),
      write: (changes) =>
        alive(async () => {
          const draw = this.isDangerous ? this.random.unit() : 0.5;
          if (draw < 0.04) this.kill();
          if (life.isOver) throw new FedgeError("CLOSED", "killed before the write");
          await disk.write(changes);
          // The end of a window keeps that alone: the row that ended it is in the next.
          const ended = changes.flatMap(([key]) => /\/kept\/(\d+)$/.exec(key)?.[1] ?? []).map(Number);
          this.#unsure = this.#unsure.filter((window) => ended.length > 0 && window > Math.max(...ended));
          if (draw > 0.96) this.kill();
          if (life.isOver) throw new FedgeError("CLOSED", "killed after the write");
        }),
    };
  }
}

function rowsOf(message: string): { numRows: number; numSeen: number; numCounted: number } {
  const { vector } = JSON.parse(message) as ProfileWindow;
  const layout = layoutOf(profile);
  const cells = decodeVector(Buffer.from(vector, "base64"), layout.numCells);
  const { at, size } = layout.features[0]!.counts;
  return {
    numRows: cells[layout.rows.at + 1]!,
    numSeen: cells[layout.rows.at + 2]!,
    numCounted: cells.subarray(at, at + size).reduce((sum, count) => sum + count, 0),
  };
}

describe("a monitor whose process is killed at any write, with a clock that jumps", () => {
  test.each(Array.from({ length: NUM_SEEDS }, (_, at) => `kills-${at}`))(
    "closes each window once, counts no row twice and loses only those after the last write: seed %s",
    async (seed) => {
      // A clock that goes back leaves rows out, so that how many are lost can be said only without.
      const mayGoBack = createRandom(seed).unit() < 0.5;
      const simulation = new Simulation(seed, createRandom(seed), mayGoBack);
      await simulation.start();
      for (let step = 0; step < NUM_STEPS; step += 1) await simulation.step();
      simulation.isDangerous = false;
      simulation.kill();
      simulation.clock.advance(4 * WINDOW_MS);
      await simulation.start();

      let numSent = 0;
      for (const versions of simulation.sent.values()) {
        expect(versions.size).toBe(1);
        const [message = ""] = versions;
        const { numRows, numSeen, numCounted } = rowsOf(message);
        expect([numSeen, numCounted]).toEqual([numRows, numRows]);
        numSent += numRows;
      }
      expect(numSent).toBeGreaterThan(0);
      expect(numSent).toBeLessThanOrEqual(simulation.numGiven);
      if (!mayGoBack) expect(numSent).toBeGreaterThanOrEqual(simulation.numGiven - simulation.numLost);
    },
  );
});
