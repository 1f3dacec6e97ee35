import type { BlobRef, DesiredModel, DeviceId, InstallPolicy, InstallState } from "@fedge/protocol";
import type { ReleaseTrust } from "../core/trust/release-trust.js";
import type { Prediction } from "../core/serving/model-host.js";
import type { DeviceOptions } from "../core/device-interface.js";
import type { StopController } from "../core/ports/ports.js";
import type { Attempt, InstallRecord } from "../core/installs/install-state.js";
import type { Digest, StoreChange } from "../core/ports/storage.js";
import { DeviceRig } from "./device-rig.js";
import { ManualClock } from "./manual-clock.js";
import { MemoryBroker } from "./memory-broker.js";
import { ScriptedServer } from "./scripted-server.js";

const ana = "ana" as DeviceId;
const ROLLOUT = "canary";

/** Twenty predictions or ten minutes, one error in twenty, five times as slow, within the hour. */
export const STRICT: InstallPolicy = {
  stateDeadlineMs: 3_600_000,
  maxActivations: 3,
  maxCrashes: 3,
  rollback: "automatic",
  probation: {
    minPredictions: 20,
    minDurationMs: 600_000,
    deadlineMs: 3_600_000,
    maxErrorRate: 0.05,
    maxLatencyRatio: 5,
    maxMemoryGrowthBytes: 1000,
    allowsOffline: true,
  },
};

export interface InstallWorldOptions {
  readonly digest: Digest;
  readonly newStop: () => StopController;
  /** Lets everything run that waits for no timer. */
  readonly settle: () => Promise<void>;
  readonly options?: Partial<DeviceOptions>;
  readonly trust?: ReleaseTrust;
}

/** A device, a server and time, for what happens to versions. The device takes no part in rounds. */
export class InstallWorld {
  readonly clock = new ManualClock();
  readonly broker: MemoryBroker;
  readonly server: ScriptedServer;
  readonly rig: DeviceRig;
  isReachable = true;
  /** `state version` of every change that the device's store kept, in order, over all its processes. */
  readonly kept: string[] = [];
  /** Topics of everything that went through the broker. */
  readonly carried: string[] = [];
  /** False for what the broker shall not hand over. */
  carries: (topic: string) => boolean = () => true;

  constructor(private readonly parts: InstallWorldOptions) {
    this.broker = new MemoryBroker({
      accepts: () => this.isReachable,
      route: ({ topic, deliver }) => {
        this.carried.push(topic);
        if (this.carries(topic)) deliver();
      },
    });
    const { digest, newStop, options, trust } = parts;
    this.server = new ScriptedServer(this.broker, digest);
    this.rig = new DeviceRig({
      ...{ name: ana, clock: this.clock, broker: this.broker, digest, newStop },
      options: { consent: { training: false, reporting: true }, ...options },
      ...(trust === undefined ? {} : { trust }),
    });
    this.#watchStore();
  }

  #watchStore(): void {
    const { store } = this.rig;
    const { write } = store;
    let last = "";
    Object.assign(store, {
      write: async (...[changes, options]: Parameters<typeof write>): Promise<void> => {
        await write(changes, options);
        const attempt = attemptIn(changes);
        const moment = `${attempt?.state} ${attempt?.numTransitions}`;
        if (attempt === null || moment === last) return;
        last = moment;
        this.kept.push(`${attempt.state} ${attempt.goal.version}`);
      },
    });
  }

  /** A device that serves version 1, and version 2 published and not wanted yet. */
  static async servingOne(
    options: InstallWorldOptions,
  ): Promise<InstallWorld & { readonly second: BlobRef }> {
    const world = new InstallWorld(options);
    await world.rig.start();
    world.server.desire(ana, 1, await world.server.publishVersion(1));
    await world.settle();
    const second = await world.server.publishVersion(2);
    world.rig.installs.length = 0;
    world.kept.length = 0;
    world.server.reports.length = 0;
    world.carried.length = 0;
    return Object.assign(world, { second });
  }

  /** A rollout wants this version. */
  want(version: number, manifest: BlobRef, more: Partial<DesiredModel> & { counter?: number } = {}): void {
    const { counter = version, ...entry } = more;
    this.server.desire(ana, version, manifest, counter, { policy: STRICT, rolloutId: ROLLOUT, ...entry });
  }

  /** The version that serves; null for none. */
  get version(): number | null {
    return this.rig.device.model("digits").version;
  }

  predict(): Promise<Prediction> {
    return this.rig.device.model("digits").predict({ input: [0] });
  }

  /** So many predictions; the versions that answered. */
  async predictTimes(times: number): Promise<number[]> {
    const versions: number[] = [];
    for (let at = 0; at < times; at += 1) {
      versions.push((await this.predict()).version);
      await this.settle();
    }
    return versions;
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      this.clock.advance(1000);
      await this.settle();
    }
  }

  /** The last report that the server has heard: state and code. */
  get lastReport(): string {
    const { state, code } = this.server.reports.at(-1) ?? {};
    return code === undefined ? `${state}` : `${state} ${code}`;
  }

  settle(): Promise<void> {
    return this.parts.settle();
  }

  /**
   * Ends the process when the device keeps this state the first time: before the write reaches the store, or after it.
   */
  killAt(state: InstallState, moment: "before" | "after"): void {
    const { store } = this.rig;
    const { write } = store;
    Object.assign(store, {
      write: async (...[changes, options]: Parameters<typeof write>): Promise<void> => {
        if (attemptIn(changes)?.state !== state) return write(changes, options);
        Object.assign(store, { write });
        if (moment === "after") await write(changes, options);
        this.rig.kill();
        return new Promise(() => undefined);
      },
    });
  }
}

function attemptIn(changes: readonly StoreChange[]): Attempt | null {
  const value = changes.find(([key]) => key === "install/digits")?.[1] ?? null;
  if (value === null) return null;
  return (JSON.parse(new TextDecoder().decode(value)) as InstallRecord).attempt;
}
