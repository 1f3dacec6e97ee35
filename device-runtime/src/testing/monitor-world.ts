import type { BlobRef, DesiredModel, DeviceId, ModelManifest } from "@fedge/protocol";
import { encodeProfile, type ReferenceProfile } from "@fedge/protocol/profile";
import type { StopController } from "../core/ports/ports.js";
import type { Digest } from "../core/ports/storage.js";
import { DeviceRig, type DeviceRigOptions } from "./device-rig.js";
import { ManualClock } from "./manual-clock.js";
import { MemoryBroker } from "./memory-broker.js";
import { sampleProfile, type ProfileChange } from "./sample-profile.js";
import { ScriptedServer } from "./scripted-server.js";

/** The device of a monitor's world. */
export const ANA = "ana" as DeviceId;

export interface MonitorWorldOptions {
  readonly digest: Digest;
  readonly newStop: () => StopController;
  /** Lets everything run that waits for no timer. */
  readonly settle: () => Promise<void>;
  /** When it begins, UTC epoch milliseconds. */
  readonly startMs: number;
  readonly rig?: Partial<DeviceRigOptions>;
}

/** A device, a server and time, for what is made of predictions against a reference profile. */
export class MonitorWorld {
  readonly clock: ManualClock;
  readonly broker = new MemoryBroker({ accepts: () => this.isReachable, route: ({ deliver }) => deliver() });
  readonly server: ScriptedServer;
  readonly rig: DeviceRig;
  isReachable = true;
  /** What of published versions is otherwise. */
  changes: Partial<ModelManifest> = {};

  private constructor(
    readonly profile: ReferenceProfile,
    private readonly options: MonitorWorldOptions,
  ) {
    const { digest, newStop, startMs } = options;
    this.clock = new ManualClock(startMs);
    this.server = new ScriptedServer(this.broker, digest);
    this.rig = new DeviceRig({
      ...{ name: ANA, clock: this.clock, broker: this.broker, digest, newStop },
      ...{ learnsFromLog: true, ...options.rig },
    });
  }

  static async create(change: ProfileChange, options: MonitorWorldOptions): Promise<MonitorWorld> {
    return new MonitorWorld(await sampleProfile(options.digest, change), options);
  }

  /** Online, with a version that has the profile. */
  async start(version = 1): Promise<void> {
    await this.rig.start();
    await this.options.settle();
    await this.install(version);
  }

  async install(version: number, more: Partial<DesiredModel> = {}): Promise<void> {
    this.server.desire(ANA, version, await this.publish(version), version, more);
    await this.pass(2);
  }

  async publish(version: number): Promise<BlobRef> {
    const profile = await this.server.publishBlob(encodeProfile(this.profile));
    return this.server.publishVersion(version, { changes: { profile, ...this.changes } });
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      this.clock.advance(1000);
      await this.options.settle();
    }
  }

  async predict(...inputs: readonly number[]): Promise<string[]> {
    const ids: string[] = [];
    for (const input of inputs)
      ids.push((await this.rig.device.model("digits").predict({ input: [input] })).id);
    return ids;
  }

  cutLine(): void {
    this.broker.cut(ANA);
  }
}
