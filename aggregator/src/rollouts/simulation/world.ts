import {
  createRandom,
  type BlobRef,
  type DeviceId,
  type InstallReport,
  type ModelName,
  type Random,
} from "@fedge/protocol";
import { ManualClock } from "../../clock/manual-clock.js";
import type { WantedModel } from "../../fleet/desired-states.js";
import type { DeviceRecord } from "../../store/port.js";
import { FleetOfRollouts } from "../fleet-view.js";
import type { DesiredPort } from "../ports.js";
import type { RolloutConfig } from "../rollout-config.js";
import type { RolloutState } from "../rollout-state.js";
import type { GateView } from "../rollout-view.js";
import type { StartReport } from "../rollout-shelf.js";
import { Rollouts } from "../rollouts.js";
import { MemoryRolloutStore } from "./memory-rollout-store.js";
import { ModelDevice, type Outcome } from "./model-device.js";

export interface WorldOptions {
  readonly seed: string;
  readonly numDevices: number;
  readonly config: RolloutConfig;
  readonly outcomeOf: (deviceId: DeviceId, version: number) => Outcome;
  /** What the metric gates say at each look. */
  readonly look?: (state: RolloutState) => readonly GateView[];
  /** Of a step: loss, doubling and delay of messages, kills, absences and partitions. None when 0. */
  readonly chaos: number;
  /** Called after every change that is durable, and after every step. */
  readonly onState: (state: RolloutState, world: World) => void;
}

const STEP_MS = 1000;
const NO_BYTES: BlobRef = { sha256: "0".repeat(64) as BlobRef["sha256"], sizeBytes: 1 };

interface Message {
  readonly deviceId: DeviceId;
  readonly report: InstallReport;
}

/** A fleet, a network that loses, doubles and reorders, and a server that dies at any write; on a clock that we own. */
export class World {
  readonly clock = new ManualClock();
  readonly store = new MemoryRolloutStore();
  readonly devices = new Map<DeviceId, ModelDevice>();
  /** In whose names blobs are kept within devices' reach. */
  readonly heldBlobs = new Set<string>();
  /** Retained at the broker, which outlives the server. */
  readonly documents = new Map<DeviceId, WantedModel>();
  rollouts: Rollouts;
  numDeaths = 0;
  numPartitions = 0;
  readonly #random: Random;
  #underWay: Message[] = [];
  /** Who is cut off from the broker together. */
  readonly #apart = new Set<DeviceId>();
  #isDead = false;
  #fleetRelease: WantedModel;

  constructor(private readonly options: WorldOptions) {
    this.#random = createRandom(options.seed);
    const { model } = options.config;
    this.#fleetRelease = {
      model,
      version: 1,
      manifest: NO_BYTES,
      releaseCounter: (this.store.lastCounter = 1),
    };
    for (let at = 0; at < options.numDevices; at += 1) {
      const deviceId = `device-${at}` as DeviceId;
      this.devices.set(
        deviceId,
        new ModelDevice(deviceId, model, (version) => options.outcomeOf(deviceId, version)),
      );
    }
    this.store.onDeath = () => (this.#isDead = true);
    this.rollouts = this.#server();
  }

  get state(): RolloutState {
    return this.rollouts.states()[0] as RolloutState;
  }

  async begin(): Promise<void> {
    const actor = { name: "ada", mayApprove: true };
    await this.rollouts.create(this.options.config, actor);
    await this.rollouts.command(this.options.config.rolloutId, "start", { actor, reason: "go" });
    this.store.fate = () => this.#fate();
    await this.#settle();
  }

  /** One second of the fleet. */
  async step(): Promise<void> {
    this.#partition();
    this.#absences();
    for (const device of this.devices.values()) this.#work(device);
    this.#deliver();
    await this.#settle();
    this.clock.advance(STEP_MS);
    await this.#settle();
    if (this.#isDead) await this.restart();
    this.options.onState(this.state, this);
  }

  /** The network and the server are well from now on, and everyone comes back. */
  async heal(): Promise<void> {
    this.store.fate = () => "lives";
    this.#isHealed = true;
    if (this.#isDead) await this.restart();
    this.#apart.clear();
    for (const device of this.devices.values()) if (!device.isOnline) await this.#online(device);
  }

  #isHealed = false;

  #chance(share: number): boolean {
    return !this.#isHealed && this.#random.unit() < share * this.options.chaos;
  }

  #fate(): "lives" | "dies-before" | "dies-after" {
    if (!this.#chance(0.06)) return "lives";
    return this.#random.below(2) === 0 ? "dies-before" : "dies-after";
  }

  /** Half of the fleet goes at once, and comes back at once. */
  #partition(): void {
    if (this.#apart.size > 0) {
      if (this.#random.unit() >= 0.2) return;
      const back = [...this.#apart];
      this.#apart.clear();
      for (const device of back.flatMap((id) => this.devices.get(id) ?? [])) void this.#online(device);
    } else if (this.#chance(0.03)) {
      this.numPartitions += 1;
      for (const device of this.devices.values())
        if (this.#random.below(2) === 0) {
          device.isOnline = false;
          this.#apart.add(device.deviceId);
        }
    }
  }

  #absences(): void {
    for (const device of this.devices.values()) {
      if (this.#apart.has(device.deviceId)) continue;
      if (device.isOnline && this.#chance(0.02)) device.isOnline = false;
      else if (!device.isOnline && this.#random.unit() < 0.1) void this.#online(device);
      if (this.#chance(0.02)) device.kill(this.#random);
    }
  }

  async #online(device: ModelDevice): Promise<void> {
    device.isOnline = true;
    const last = device.again();
    if (last !== null) this.#send(device, last);
    if (!this.#isDead) await this.rollouts.devices.deviceSeen(device.deviceId);
  }

  #work(device: ModelDevice): void {
    if (!device.isOnline) return;
    const wanted = this.documents.get(device.deviceId);
    if (wanted !== undefined) device.want(wanted);
    const report = device.advance();
    if (report !== null) this.#send(device, report);
  }

  /** A message that is lost is said again when its device comes back; a doubled one comes twice. */
  #send({ deviceId }: ModelDevice, report: InstallReport): void {
    const isFinal = !["downloading", "verifying", "staged", "activating", "probation"].includes(report.state);
    if (!isFinal && this.#chance(0.1)) return;
    this.#underWay.push({ deviceId, report });
    if (this.#chance(0.1)) this.#underWay.push({ deviceId, report });
  }

  #deliver(): void {
    const now = this.#underWay;
    this.#underWay = [];
    if (this.#chance(0.5)) now.reverse();
    for (const message of now) {
      if (this.#isDead || this.#chance(0.1)) this.#underWay.push(message);
      else this.rollouts.devices.report(message.deviceId, message.report);
    }
  }

  /** Lets everything that was begun come to its end: nothing here waits for a real clock. */
  async #settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await new Promise<void>((done) => setImmediate(done));
  }

  /** The server dies, wherever it is, and another one takes up what was kept. */
  async restart(): Promise<StartReport> {
    this.numDeaths += 1;
    void this.rollouts.close();
    this.#isDead = false;
    this.rollouts = this.#server();
    const report = await this.rollouts.start();
    await this.#settle();
    // The new session asks everyone for his pending word.
    for (const device of this.devices.values()) if (device.isOnline) await this.#online(device);
    return report;
  }

  #server(): Rollouts {
    const control = {
      listDevices: async () => [...this.devices.values()].map((device) => this.#record(device)),
      getDevice: async (deviceId: DeviceId) => {
        const device = this.devices.get(deviceId);
        return device === undefined ? undefined : this.#record(device);
      },
      getVersion: async () => VERSION,
      latestVersion: async () => VERSION,
    };
    const fleet = new FleetOfRollouts(control, this.store, () => this.clock.nowMs());
    return new Rollouts({
      ...{ clock: this.clock, store: this.store, control, fleet, desired: this.#desired() },
      ...{
        audit: {
          append: async (entry) => void this.store.audited.push(entry),
          anchorHead: async () => undefined,
        },
        counters: SILENT,
        logger: SILENT,
      },
      isOnline: (deviceId) => this.devices.get(deviceId)?.isOnline === true,
      begin: async () => undefined,
      look: async (state) => this.options.look?.(state) ?? [],
      compare: async () => null,
    });
  }

  #record({ deviceId, isOnline, serving }: ModelDevice): DeviceRecord {
    return {
      ...{ deviceId, publicKey: "", enrolledAtMs: 0, lastSeenAtMs: 0, session: 0, runtimeVersion: "1.0.0" },
      ...{
        engine: "onnx",
        platform: "node",
        attributes: {},
        untrusting: null,
        tags: [],
        decommissionedAtMs: null,
      },
      presence: isOnline ? "online" : "offline",
      serving: { [this.options.config.model]: { version: serving.version, manifestSha256: null } },
    };
  }

  /** The same rule as the real one: of what is wanted of a device, the newest release. */
  #desired(): DesiredPort {
    const overrides = new Map<DeviceId, WantedModel>();
    const wantedOf = (deviceId: DeviceId): WantedModel => {
      const override = overrides.get(deviceId);
      return override !== undefined && override.releaseCounter >= this.#fleetRelease.releaseCounter
        ? override
        : this.#fleetRelease;
    };
    const tellAll = async (devices: Iterable<DeviceId>): Promise<void> => {
      for (const deviceId of devices) this.documents.set(deviceId, wantedOf(deviceId));
    };
    return {
      prepare: async ({ model, version, releaseCounter, owner }) => {
        this.heldBlobs.add(owner);
        return { model, version, manifest: NO_BYTES, releaseCounter };
      },
      releaseBlobs: (owner) => void this.heldBlobs.delete(owner),
      override: (deviceId, wanted) => {
        const before = overrides.get(deviceId);
        if (before === undefined || before.releaseCounter <= wanted.releaseCounter)
          overrides.set(deviceId, wanted);
      },
      wantedOf,
      tellAll,
      tellEveryone: () => tellAll(this.devices.keys()),
      adopt: async (model: ModelName, version, releaseCounter) => {
        if (releaseCounter > this.#fleetRelease.releaseCounter)
          this.#fleetRelease = { model, version, manifest: NO_BYTES, releaseCounter };
      },
      fleetVersion: () => this.#fleetRelease.version,
    };
  }
}

const VERSION = {
  ...{ model: "keyboard", version: 1, manifest: NO_BYTES, checkpoint: NO_BYTES, optimizerState: null },
  ...{ parentVersion: null, taskId: null, roundId: null, numUpdates: 0, numExamples: 0, createdAtMs: 0 },
  ...{ finalSum: null, deletedAtMs: null },
  provenance: { cohortSize: 0, privacySpent: null, dataWindow: null, codeVersion: "0.1.0", signer: null },
};

const SILENT = {
  count: () => undefined,
  observe: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
