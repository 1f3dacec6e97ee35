import type { DeviceId, ServingMetrics } from "@fedge/protocol";
import type { DeviceComparison, DevicePair } from "../../evaluation/federated/device-comparisons.js";
import type { MetricsBook } from "../../fleet/metrics-book.js";
import type { DeviceFilter } from "../../fleet/filter/device-filter.js";
import type { ControlStore, DeviceRecord } from "../../store/port.js";
import type { FleetOfRollouts } from "../fleet-view.js";
import type { MetricGate, RolloutConfig, RolloutId } from "../rollout-config.js";
import type { RolloutState } from "../rollout-state.js";
import type { MetricsRecord, RolloutStore } from "../rollout-store.js";
import type { GateView } from "../rollout-view.js";
import { waveFilters } from "../wave-members.js";
import { judgeLoss } from "./loss-gate.js";
import { gateError, judgeMetric, undecided, type Sides } from "./metric-gate.js";
import { withFleetVerdict, type VerdictOfVersion } from "./drift-gate.js";
import { countsOf, since } from "./metric-counts.js";

export interface LookOptions {
  readonly book: MetricsBook;
  readonly control: Pick<ControlStore, "listDevices">;
  readonly fleet: Pick<FleetOfRollouts, "compiler">;
  readonly nowMs: () => number;
  readonly baselines: Pick<RolloutStore, "saveBaseline" | "baselineOf">;
  /** What devices say of two versions; undefined while they have not, and asks them. */
  readonly evaluateOnDevices: (pair: DevicePair) => DeviceComparison | undefined;
  /** What the fleet's counts say of a version's inputs. */
  readonly fleetVerdict: VerdictOfVersion;
}

type Records = ReadonlyMap<DeviceId, MetricsRecord>;

interface Scene {
  readonly state: RolloutState;
  readonly devices: readonly DeviceRecord[];
  readonly now: Records;
  readonly before: Records;
  /** Null where the rollout opened before baselines were kept. */
  readonly base: Records | null;
  readonly compile: (filter: string) => DeviceFilter;
}

/** Looks at the metrics of a rollout's devices and of those that still run the old version. */
export class MetricLooks {
  /**
   * What the control had counted when the rollout's first wave opened: counts of the time before are no control of today.
   * Kept in the store, read once after a start.
   */
  readonly #bases = new Map<RolloutId, Promise<Records | null>>();

  constructor(private readonly options: LookOptions) {}

  /** Called when a wave opens: from the first on the control's counts are compared. Durable when it resolves. */
  async begin({ config, fallbackVersion }: RolloutState): Promise<void> {
    if (fallbackVersion === null) return;
    const { rolloutId, model } = config;
    await this.options.baselines.saveBaseline(rolloutId, {
      ...{ model, version: fallbackVersion, atMs: this.options.nowMs() },
    });
    this.#bases.delete(rolloutId);
  }

  /** One view for each metric gate; what cannot be measured is an error of the gate, never of the model. */
  async look(state: RolloutState): Promise<readonly GateView[]> {
    const atMs = this.options.nowMs();
    const { metrics } = state.config.gates;
    try {
      const scene = await this.#scene(state);
      return await Promise.all(metrics.map((gate) => this.#judge(gate, scene, atMs)));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return metrics.map((gate) => gateError(gate, reason, atMs));
    }
  }

  async #scene(state: RolloutState): Promise<Scene> {
    const { model, version, rolloutId } = state.config;
    const compile = await this.options.fleet.compiler();
    const isMeant = waveFilters(withoutWaves(state.config), compile).rollout;
    const all = await this.options.control.listDevices();
    const devices = all.filter(
      (device) => state.targets.get(device.deviceId) !== undefined || isMeant(device),
    );
    const now = await this.options.book.of(model, version);
    const none: Records = new Map();
    const before =
      state.fallbackVersion === null ? none : await this.options.book.of(model, state.fallbackVersion);
    return { state, devices, now, before, base: await this.#baseOf(rolloutId), compile };
  }

  /** Null for a rollout that has none. Rejects when the store does not answer, which is an error of the gate. */
  #baseOf(rolloutId: RolloutId): Promise<Records | null> {
    const known = this.#bases.get(rolloutId);
    if (known !== undefined) return known;
    const reading = this.options.baselines.baselineOf(rolloutId).then((baseline) => {
      if (baseline === undefined) return null;
      return new Map(baseline.records.map((record) => [record.deviceId, record]));
    });
    this.#bases.set(rolloutId, reading);
    reading.catch(() => this.#bases.delete(rolloutId));
    return reading;
  }

  async #judge(gate: MetricGate, scene: Scene, atMs: number): Promise<GateView> {
    if (gate.metric === "evaluation-loss") return this.#judgeLoss(gate, scene, atMs);
    const view = judgeMetric(gate, sidesOf(gate, scene), atMs);
    if (gate.metric !== "drift-rate") return view;
    const { config, fallbackVersion } = scene.state;
    return withFleetVerdict(view, { ...config, control: fallbackVersion }, this.options.fleetVerdict);
  }

  #judgeLoss(gate: MetricGate, { state }: Scene, atMs: number): GateView {
    const { config, fallbackVersion: against } = state;
    if (against === null) return undecided(gate, "there is no version before to compare with", atMs);
    const { model, version } = config;
    const filter = gate.segment ?? null;
    const found = this.options.evaluateOnDevices({ model, version, against, filter });
    if (found === undefined)
      return undecided(gate, "not enough devices have evaluated both versions yet", atMs);
    return judgeLoss(gate, found, atMs);
  }
}

/**
 * The new version's side is every device that this rollout told and that has counted since. The control's is whoever still
 * runs the old version and was not told; once everyone is told, what the same devices counted until then.
 */
function sidesOf(gate: MetricGate, { state, devices, now, before, base, compile }: Scene): Sides {
  const isInSegment = gate.segment === undefined ? (): boolean => true : compile(gate.segment);
  const meant = devices.filter(isInSegment).map(({ deviceId }) => deviceId);
  const wasTold = (deviceId: DeviceId): boolean => state.targets.get(deviceId)?.wasTold === true;
  const startedAtMs = state.startedAtMs ?? 0;
  const told = meant.filter((deviceId) => wasTold(deviceId));
  const wave = told.flatMap((deviceId) => {
    const record = now.get(deviceId);
    return record === undefined || record.receivedAtMs < startedAtMs ? [] : [record.metrics];
  });
  const others = meant.filter((deviceId) => !wasTold(deviceId) && before.has(deviceId));
  if (others.length >= 2) {
    const control = others.flatMap((deviceId) => sinceBase(before.get(deviceId), base?.get(deviceId)));
    const since = base === null ? ", all that it ever counted: there is no baseline of the start" : "";
    return { wave, control, controlNote: `at the same time on the old version${since}` };
  }
  return { wave, ...controlOfTold(gate, told, { before, base }) };
}

/** Of a time as near as there is enough of: the world may have changed since the devices began to count. */
function controlOfTold(
  gate: MetricGate,
  told: readonly DeviceId[],
  { before, base }: Pick<Scene, "before" | "base">,
): Pick<Sides, "control" | "controlNote"> {
  const sinceStart =
    base === null ? [] : told.flatMap((deviceId) => sinceBase(before.get(deviceId), base.get(deviceId)));
  if (numTrials(gate, sinceStart) >= gate.minSample) {
    const controlNote = "the same devices on the old version, from the rollout's start until they were told";
    return { control: sinceStart, controlNote };
  }
  const control = told.flatMap((deviceId) => before.get(deviceId)?.metrics ?? []);
  return { control, controlNote: "the same devices before, on the old version" };
}

function numTrials({ metric }: MetricGate, all: readonly ServingMetrics[]): number {
  const trials = all.map((one) =>
    metric === "latency-p95" ? one.numPredictions : countsOf(metric, one).trials,
  );
  return trials.reduce((sum, each) => sum + each, 0);
}

function sinceBase(record: MetricsRecord | undefined, base: MetricsRecord | undefined): ServingMetrics[] {
  return record === undefined ? [] : [since(base?.metrics, record.metrics)];
}

function withoutWaves(config: RolloutConfig): RolloutConfig {
  return { ...config, waves: [] };
}
