import { createRandom, errorCodeOf, type Random } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { ONE, ShadowWorld, ZERO } from "../../testing/shadow-world.js";

const NUM_SEEDS = 24;
const NUM_STEPS = 120;
const WINDOW_MS = 300_000;
/** The beginning of a window. */
const START_MS = 5_666_667 * WINDOW_MS;

const bytesOf = (base64: string): Uint8Array => Buffer.from(base64, "base64");

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A prediction as a person with a notebook would know it. */
interface Noted {
  readonly served: number;
  shadow: number | null;
  truth: number | null;
}

/** Two versions, a person who labels and erases when he likes, a shadow that takes its time, and a notebook of it all. */
class Simulation {
  readonly #notes = new Map<string, Noted>();
  /** Of windows that were sent, and of the one that is open. */
  readonly #expected = [0, 0, 0, 0];
  #open = [0, 0, 0, 0];
  #window = Math.floor(START_MS / WINDOW_MS);
  #release: (() => Promise<void>) | null = null;
  #running: string | null = null;
  #shadowSays = 0;

  private constructor(
    readonly world: ShadowWorld,
    private readonly random: Random,
    private readonly has: { readonly kills: boolean; readonly log: boolean },
  ) {}

  static async start(seed: string, has: { kills: boolean; log: boolean }): Promise<Simulation> {
    const newStop = (): AbortController => new AbortController();
    const rig = has.log ? {} : { options: { featureLog: false as const }, learnsFromLog: false };
    const world = await ShadowWorld.start(
      { digest: nodeDigest, newStop, settle, startMs: START_MS, rig, bytesOf },
      { window: { lengthMs: WINDOW_MS } },
    );
    return new Simulation(world, createRandom(seed), has);
  }

  get expected(): readonly number[] {
    return this.#expected.map((count, cell) => count + (this.#open[cell] as number));
  }

  async step(): Promise<void> {
    const draw = this.random.unit();
    if (draw < 0.35) await this.#predict();
    else if (draw < 0.65) await this.#label();
    else if (draw < 0.75) this.#release ??= this.world.hold();
    else if (draw < 0.85) await this.release();
    else if (draw < 0.93) await this.#pass(this.random.below(4));
    else if (draw < 0.95) await this.#pass(WINDOW_MS / 1000);
    else if (draw < 0.97) await this.#erase();
    else await this.#restart();
  }

  /** The shadow answers what it works at, and from now on at once. */
  async release(): Promise<void> {
    const note = this.#running === null ? undefined : this.#notes.get(this.#running);
    this.#running = null;
    const release = this.#release;
    this.#release = null;
    await release?.();
    if (note !== undefined) this.#answered(note);
  }

  async #predict(): Promise<void> {
    const served = this.random.below(2);
    this.#shadowSays = this.random.below(2);
    const scores = (best: number): readonly number[] => (best === 0 ? ZERO : ONE);
    this.world.world.rig.engine.answer = (version) => scores(version === 1 ? served : this.#shadowSays);
    const id = await this.world.predict();
    const note: Noted = { served, shadow: null, truth: null };
    this.#notes.set(id, note);
    if (this.#running !== null) return;
    if (this.#release === null) this.#answered(note);
    else this.#running = id;
  }

  #answered(note: Noted): void {
    note.shadow = this.#shadowSays;
    this.#judge(note);
  }

  async #label(): Promise<void> {
    const again = this.random.unit() < 0.2;
    const ids = [...this.#notes].flatMap(([id, { truth }]) => ((truth !== null) === again ? [id] : []));
    const id = ids[this.random.below(Math.max(1, ids.length))];
    const truth = this.random.below(2);
    if (id === undefined) return;
    const note = this.#notes.get(id) as Noted;
    // A second truth while the shadow still works at it would be the one that counts.
    if (id === this.#running && note.truth !== null) return;
    try {
      await this.world.label(id, truth);
    } catch (error) {
      if (errorCodeOf(error) !== "PREDICTION_UNKNOWN") throw error;
      return void this.#notes.delete(id);
    }
    if (note.truth !== null) return;
    note.truth = truth;
    this.#judge(note);
  }

  #judge({ served, shadow, truth }: Noted): void {
    if (shadow === null || truth === null) return;
    const cell = (served === truth ? 0 : 2) + (shadow === truth ? 0 : 1);
    this.#open[cell] = (this.#open[cell] as number) + 1;
  }

  async #pass(seconds: number): Promise<void> {
    await this.world.world.pass(seconds);
    const window = Math.floor(this.world.world.clock.nowMs() / WINDOW_MS);
    if (window > this.#window) this.#closeWindow();
    this.#window = window;
  }

  #closeWindow(): void {
    this.#open.forEach((count, cell) => (this.#expected[cell] = (this.#expected[cell] as number) + count));
    this.#open = [0, 0, 0, 0];
  }

  /** One row: with it go all counts that were not sent. */
  async #erase(): Promise<void> {
    const id = [...this.#notes.keys()].at(-1);
    if (id === undefined) return;
    await this.world.world.rig.device.featureLog.erase({ ids: [id] });
    // Without a log, whatever is remembered goes. A shadow that works at it goes on, for nothing.
    if (this.has.log) this.#notes.delete(id);
    else this.#notes.clear();
    this.#open = [0, 0, 0, 0];
  }

  async #restart(): Promise<void> {
    if (this.has.kills && this.random.unit() < 0.5) {
      this.world.world.rig.kill();
      this.#running = null;
    }
    await this.release();
    await this.world.restart();
    await this.#pass(2);
  }
}

async function simulate(seed: string, has: { kills: boolean; log: boolean }): Promise<Simulation> {
  const simulation = await Simulation.start(seed, has);
  for (let step = 0; step < NUM_STEPS; step += 1) await simulation.step();
  await simulation.release();
  await simulation.world.world.pass(WINDOW_MS / 1000 + 1);
  return simulation;
}

const seeds = Array.from({ length: NUM_SEEDS }, (_, at) => `seed ${at}`);

describe("who was right, the version in use or its shadow", () => {
  test.each(seeds)(
    "is what a notebook says, whoever comes first, over restarts and erasures: %s",
    async (seed) => {
      const simulation = await simulate(seed, { kills: false, log: true });

      expect(simulation.world.sentCells.slice(0, 4)).toEqual(simulation.expected);
    },
  );

  test.each(seeds)("is what a notebook of one process says without a log: %s", async (seed) => {
    const simulation = await simulate(seed, { kills: false, log: false });

    expect(simulation.world.sentCells.slice(0, 4)).toEqual(simulation.expected);
  });

  test.each(seeds)("is never counted twice when processes are killed: %s", async (seed) => {
    const simulation = await simulate(seed, { kills: true, log: true });

    simulation.world.sentCells
      .slice(0, 4)
      .forEach((count, cell) => expect(count).toBeLessThanOrEqual(simulation.expected[cell] as number));
  });

  test("is seen in most of these notebooks at all", async () => {
    const simulations = await Promise.all(seeds.map((seed) => simulate(seed, { kills: false, log: true })));

    const numSeen = simulations.filter(({ expected }) => expected.every((count) => count > 0)).length;
    expect(numSeen).toBeGreaterThan(NUM_SEEDS / 2);
  });
});
