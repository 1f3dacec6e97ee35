import { decodeVector, layoutOf } from "@fedge/protocol/profile";
import { ANA, MonitorWorld, type MonitorWorldOptions } from "./monitor-world.js";
import type { ProfileChange } from "./sample-profile.js";

const OUTCOMES = { numClasses: 2, output: "answer", topK: 1 };
/** Rows of scores whose highest is that class. */
export const ZERO = [0.9, 0.1];
export const ONE = [0.1, 0.9];

export interface ShadowWorldOptions extends MonitorWorldOptions {
  /** Of a text in base64. */
  readonly bytesOf: (base64: string) => Uint8Array;
}

/** A device that serves version 1, which always says 0, with version 2, which always says 1, in its shadow. */
export class ShadowWorld {
  private constructor(
    readonly world: MonitorWorld,
    private readonly options: ShadowWorldOptions,
  ) {}

  static async start(options: ShadowWorldOptions, change: ProfileChange = {}): Promise<ShadowWorld> {
    const outcomes = { ...OUTCOMES, ...change.outcomes };
    const world = await MonitorWorld.create({ ...change, outcomes }, options);
    world.changes = { loss: "softmax-cross-entropy" };
    world.rig.engine.answer = (version) => (version === 1 ? ZERO : ONE);
    await world.rig.start();
    await options.settle();
    const all = new ShadowWorld(world, options);
    await all.shadowWith(2, 1);
    return all;
  }

  async shadowWith(version: number, releaseCounter: number): Promise<void> {
    const { server } = this.world;
    const shadow = { version, manifest: await this.world.publish(version), rolloutId: `beside-${version}` };
    server.desire(ANA, 1, await this.world.publish(1), releaseCounter, { shadow });
    await this.world.pass(2);
  }

  /** Shadows answer when the returned function is called. */
  hold(): () => Promise<void> {
    let open = (): void => undefined;
    this.world.rig.engine.gates.set(2, new Promise<void>((resolve) => (open = resolve)));
    return async () => {
      open();
      this.world.rig.engine.gates.delete(2);
      await this.options.settle();
    };
  }

  async predict(): Promise<string> {
    const [id = ""] = await this.world.predict(0.5);
    await this.options.settle();
    return id;
  }

  async label(id: string, truth: number): Promise<void> {
    await this.world.rig.device.label(id, [truth]);
    await this.options.settle();
  }

  async restart(): Promise<void> {
    await this.world.rig.device.close();
    await this.world.rig.start();
    await this.options.settle();
  }

  /** As `sentCells`, once the window has ended. */
  async cells(): Promise<number[]> {
    await this.world.pass(61);
    return this.sentCells;
  }

  /** Sums over all windows that were sent: both right, only served, only shadow, both wrong, agreed, differed, failed. */
  get sentCells(): number[] {
    const { profile, server } = this.world;
    const { numCells, shadow } = layoutOf(profile);
    const sums = Array<number>(shadow.size).fill(0);
    for (const { vector } of server.windows) {
      const cells = decodeVector(this.options.bytesOf(vector), numCells);
      sums.forEach((_, at) => (sums[at]! += cells[shadow.at + at]!));
    }
    return sums;
  }
}
