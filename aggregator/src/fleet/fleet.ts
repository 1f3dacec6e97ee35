import type { Birth, DeviceId, InstallReport, Presence, ServingMetrics } from "@fedge/protocol";
import type { Counters } from "../rounds/ports.js";
import type { ServiceEvent } from "../service.js";
import type { ControlStore, DeviceRecord } from "../store/port.js";
import type { DesiredStates } from "./desired-states.js";
import type { MetricsBook } from "./metrics-book.js";
import { ServingBook } from "./serving-book.js";

/** What rollouts want to hear of devices. */
export interface RolloutEars {
  report(deviceId: DeviceId, report: InstallReport): void;
  /** Whether the report is of a version that runs beside the one that the device serves. */
  isShadow(report: InstallReport): boolean;
  deviceSeen(deviceId: DeviceId): Promise<void>;
  deviceRemoved(deviceId: DeviceId): void;
  metrics(deviceId: DeviceId, metrics: ServingMetrics): void;
}

export interface FleetOptions {
  readonly store: Pick<ControlStore, "getDevice" | "updateDevice" | "noteServing">;
  readonly releases: Pick<DesiredStates, "tell" | "forget">;
  readonly rollouts: RolloutEars;
  readonly metrics: MetricsBook;
  readonly counters: Counters;
  readonly nowMs: () => number;
  readonly emit: (event: ServiceEvent) => void;
  /** Ends its connection, where the broker is this process'. */
  readonly disconnect: (deviceId: DeviceId) => void;
  readonly onLost: (deviceId: DeviceId) => void;
  readonly onReturned: (deviceId: DeviceId) => void;
}

/** What the aggregator knows of its devices: who is here, and what each of them serves. */
export class Fleet {
  readonly #online = new Map<DeviceId, number>();
  /** Who is enrolled and in service, once it was asked for; `forget` makes it be asked anew. */
  readonly #members = new Map<DeviceId, Promise<boolean>>();
  readonly #serving: ServingBook;

  constructor(private readonly options: FleetOptions) {
    this.#serving = new ServingBook(options.store);
  }

  isOnline(deviceId: DeviceId): boolean {
    return this.#online.has(deviceId);
  }

  /** True for a device that enrolled and that nobody took out of the fleet. */
  async isMember(deviceId: DeviceId): Promise<boolean> {
    const asked = this.#members.get(deviceId) ?? this.#askStore(deviceId);
    this.#members.set(deviceId, asked);
    let isMember = false;
    try {
      isMember = await asked;
    } finally {
      // Only a yes is worth keeping: a stranger may enrol, and a store may answer again.
      if (!isMember && this.#members.get(deviceId) === asked) this.#members.delete(deviceId);
    }
    return isMember;
  }

  async birth(deviceId: DeviceId, birth: Birth): Promise<void> {
    if (this.#isStale(deviceId, birth.session)) return;
    this.#online.set(deviceId, birth.session);
    this.options.onReturned(deviceId);
    const serving = Object.fromEntries(
      birth.models.map(({ model, version, manifestSha256 }) => [model, { version, manifestSha256 }]),
    );
    const { session, runtimeVersion, engine, platform, attributes, untrusting = null } = birth;
    const said = attributes === undefined ? {} : { attributes };
    const known = { session, runtimeVersion, engine, platform, serving, untrusting, ...said };
    await this.#update(deviceId, { presence: "online", ...known });
    // It may have been taken out meanwhile: then nothing of it may be retained again.
    if (!(await this.isMember(deviceId))) return;
    await this.options.releases.tell(deviceId);
    await this.options.rollouts.deviceSeen(deviceId);
  }

  /** A late will of an older session says nothing about the present one. */
  async presence(deviceId: DeviceId, message: Presence): Promise<void> {
    if (this.#isStale(deviceId, message.session)) return;
    if (message.presence === "online" || message.presence === "sleeping")
      this.#online.set(deviceId, message.session);
    else this.#gone(deviceId);
    await this.#update(deviceId, { presence: message.presence, session: message.session });
  }

  async install(deviceId: DeviceId, report: InstallReport): Promise<void> {
    this.options.counters.count("fedge_installs_total", { state: report.state, code: report.code ?? "" });
    this.options.rollouts.report(deviceId, report);
    if (report.state !== "committed" || this.options.rollouts.isShadow(report)) return;
    const { model, version, manifestSha256 } = report;
    const serving = { [model]: { version, manifestSha256 } };
    await this.#serving.note({ deviceId, serving, lastSeenAtMs: this.options.nowMs() });
    this.options.emit({ type: "fleet-changed" });
  }

  async servingMetrics(deviceId: DeviceId, metrics: ServingMetrics): Promise<void> {
    await this.options.metrics.take(deviceId, metrics);
    this.options.rollouts.metrics(deviceId, metrics);
  }

  /** After its record is deleted or marked: nothing of it stays here, nor at the broker, and nothing more is heard of it. */
  async forget(deviceId: DeviceId): Promise<void> {
    this.#members.delete(deviceId);
    if (this.#online.has(deviceId)) this.#gone(deviceId);
    this.options.disconnect(deviceId);
    this.options.rollouts.deviceRemoved(deviceId);
    await this.options.metrics.forget(deviceId);
    await this.options.releases.forget(deviceId);
    this.options.emit({ type: "fleet-changed" });
  }

  async #askStore(deviceId: DeviceId): Promise<boolean> {
    return (await this.options.store.getDevice(deviceId))?.decommissionedAtMs === null;
  }

  #gone(deviceId: DeviceId): void {
    this.#online.delete(deviceId);
    this.options.onLost(deviceId);
  }

  #isStale(deviceId: DeviceId, session: number): boolean {
    const current = this.#online.get(deviceId);
    return current !== undefined && session < current;
  }

  async #update(deviceId: DeviceId, change: Partial<DeviceRecord>): Promise<void> {
    await this.options.store.updateDevice(deviceId, { ...change, lastSeenAtMs: this.options.nowMs() });
    this.options.emit({ type: "fleet-changed" });
  }
}
