import { NO_TRAINING } from "./no-training.js";
import { createRandom, type DeviceId } from "@fedge/protocol";
import type { AlertRecord } from "../alerts/alert-record.js";
import { Alerts } from "../alerts/alerts.js";
import type { DriftStore, WholeRelease } from "../drift-store.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { FastNormal } from "../simulated/fast-normal.js";
import { FleetVectors, type VectorShape } from "../simulated/fleet-vectors.js";
import { memoryDriftStore } from "./memory-drift-store.js";
import { openDriftForTest, textOf, type OpenedDrift } from "./open-drift.js";
import { normalVersion } from "../simulated/normal-profile.js";

export interface LiveFleetShape extends Omit<VectorShape, "monitored"> {
  /** Fifty features whose reference has 2,000 rows, where it is absent. */
  readonly monitored?: MonitoredVersion;
  /** The platform of a device, by which it has a cohort; all the same where it is absent. */
  readonly platformOf?: (device: number) => string;
  readonly minDevices?: number;
  /** Made once for many fleets. */
  readonly normal?: FastNormal;
}

const HOUR_MS = 3_600_000;

/**
 * A fleet that reports to the server's own intake, sums, releases and alerts, on a clock that is moved: only devices, clock
 * and database are simulated.
 */
export class LiveFleet {
  private constructor(
    private readonly shape: LiveFleetShape,
    private readonly vectors: FleetVectors,
    private readonly drift: OpenedDrift,
    private readonly store: DriftStore,
  ) {}

  static async open(shape: LiveFleetShape): Promise<LiveFleet> {
    const { normal: shared = new FastNormal(createRandom("")) } = shape;
    const normal = shared.seeded(`${shape.seed}/normal`);
    const monitored = shape.monitored ?? normalVersion(normal);
    const vectors = new FleetVectors({ ...shape, monitored }, normal);
    const { platformOf = () => "node", minDevices = 50 } = shape;
    const store = memoryDriftStore();
    const policy = { minDevices, graceMs: 0 };
    const nowMs = (): number => drift.clock.nowMs();
    const counters = { count: () => undefined, observe: () => undefined };
    const alerts = new Alerts({
      ...{ store, policy: { staleAfterMs: null }, nowMs, counters },
      ...{ training: NO_TRAINING, hasWebhook: true, onDeliveries: () => undefined },
    });
    const drift: OpenedDrift = await openDriftForTest({
      ...{ store: { drift: store }, monitored, policy, alerts },
      platformOf: (deviceId) => platformOf(Number(deviceId.slice(DEVICE.length))),
    });
    return new LiveFleet(shape, vectors, drift, store);
  }

  /** Every device reports a window of new rows, which is then closed; what is released of it. */
  async nextWindow(): Promise<WholeRelease> {
    const { intake, closer, clock, released, answers } = this.drift;
    const takes: Promise<void>[] = [];
    const window = this.drift.message([]);
    for (let device = 0; device < this.shape.numDevices; device += 1) {
      const vector = textOf(this.vectors.of(device));
      const message = { ...window, replicate: this.vectors.replicate(), vector };
      takes.push(intake.take(`${DEVICE}${device}` as DeviceId, message));
    }
    await Promise.all(takes);
    if (answers.some(({ isCounted }) => !isCounted)) throw new Error("a simulated window did not count");
    clock.advance(HOUR_MS);
    await closer.closeDue();
    const whole = released.at(-1);
    if (whole?.release.window !== window.window) throw new Error("the window was not released");
    return whole;
  }

  /** Every alert that was opened, newest first. */
  alerts(): Promise<AlertRecord[]> {
    return this.store.listAlerts({ limit: 1000 });
  }

  /** What the webhook would be called with. */
  async calls(): Promise<readonly string[]> {
    return (await this.store.pendingDeliveries()).map(({ body }) => body);
  }
}

const DEVICE = "device-";
