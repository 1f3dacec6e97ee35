import type { DeviceId, ModelName } from "@fedge/protocol";
import type { Verdict } from "@fedge/protocol/profile";
import type { DeviceComparisons } from "../evaluation/federated/device-comparisons.js";
import type { DriftStore } from "../drift/drift-store.js";
import { ShadowEvidence } from "../drift/outcomes/shadow-evidence.js";
import type { AnchoredAudit } from "../audit/audit.js";
import { DeviceAdmin } from "../fleet/device-admin.js";
import { Autopilot } from "../autopilot/autopilot.js";
import type { DesiredStates } from "../fleet/desired-states.js";
import type { Fleet } from "../fleet/fleet.js";
import { MetricsBook } from "../fleet/metrics-book.js";
import type { VersionHolder } from "../registry/retention/version-holders.js";
import { Comparisons } from "../rollouts/comparisons/comparisons.js";
import type { ShadowLabelsOf } from "../rollouts/comparisons/shadow.js";
import { FleetOfRollouts } from "../rollouts/fleet-view.js";
import { MetricLooks } from "../rollouts/gates/look.js";
import type { RolloutState, RolloutView } from "../rollouts/rollout-view.js";
import { Rollouts } from "../rollouts/rollouts.js";
import type { Foundations } from "./foundations.js";

export interface RolloutParts {
  readonly rollouts: Rollouts;
  /** Tags, groups and the end of devices. */
  readonly devices: DeviceAdmin;
  readonly metrics: MetricsBook;
  readonly autopilot: Autopilot;
  /** Compiles filters with today's groups. */
  readonly fleetView: FleetOfRollouts;
}

interface PartsOfRollouts {
  readonly desired: DesiredStates;
  readonly audit: AnchoredAudit;
  /** The fleet is made after the rollouts that it tells of its devices. */
  readonly fleet: () => Fleet | null;
  readonly comparisons: DeviceComparisons;
}

/** Everything of rollouts, on what the server has open. Nothing acts before `rollouts.start`. */
export function openRollouts(base: Foundations, parts: PartsOfRollouts): RolloutParts {
  const { clock, logger, metrics: counters, store: control } = base;
  const { desired, audit, comparisons: onDevices } = parts;
  const { rollouts: store } = control;
  const nowMs = (): number => clock.nowMs();
  const metrics = new MetricsBook(store, nowMs);
  const fleet = new FleetOfRollouts(control, store, nowMs);
  const looks = new MetricLooks({
    ...{ book: metrics, baselines: store, control, fleet, nowMs },
    evaluateOnDevices: (pair) => onDevices.latest(pair),
    fleetVerdict: (model, version) => newestVerdict(control.drift, model, version),
  });
  const shadowLabels = shadowLabelsOf(base, () => rollouts.list());
  const comparisons = new Comparisons({ book: metrics, shadowLabels, nowMs });
  const rollouts = new Rollouts({
    ...{ clock, store, control, desired, audit, counters, logger, fleet },
    isOnline: (deviceId) => parts.fleet()?.isOnline(deviceId) ?? false,
    begin: (state) => looks.begin(state),
    look: (state) => looks.look(state),
    compare: (state) => comparisons.compare(state),
  });
  desired.onFleetRelease((model, releaseCounter) => rollouts.devices.fleetReleased(model, releaseCounter));
  const devices = new DeviceAdmin({
    ...{ store: control, groups: store, audit, nowMs },
    onChanged: (deviceId) => rollouts.devices.deviceSeen(deviceId),
    onDecommissioned: async (deviceId: DeviceId) => parts.fleet()?.forget(deviceId),
  });
  const autopilot = openAutopilot(base, parts, rollouts);
  return { rollouts, devices, metrics, autopilot, fleetView: fleet };
}

function openAutopilot(
  { store, blobs, logger }: Foundations,
  { audit, comparisons }: PartsOfRollouts,
  rollouts: Rollouts,
): Autopilot {
  return new Autopilot({
    ...{ store, blobs, rollouts, audit, logger },
    versionBefore: (of) => rollouts.versionBefore(of),
    evaluateOnDevices: (pair) => comparisons.compare(pair),
  });
}

const ENDED: ReadonlySet<RolloutState> = new Set(["denied", "aborted", "completed", "rolled-back"]);

/** Null as well where another shadow ran beside the version meanwhile: windows do not say whose answers they compared. */
function shadowLabelsOf(
  { store, monitoredVersions: versions }: Pick<Foundations, "store" | "monitoredVersions">,
  list: () => Promise<readonly RolloutView[]>,
): ShadowLabelsOf {
  const evidence = new ShadowEvidence({ store: store.drift, versions });
  return async (of) => {
    const meanwhile = (await list()).filter(
      ({ config, state, fallbackVersion, waves, changedAtMs }) =>
        config.kind === "shadow" &&
        config.model === of.model &&
        fallbackVersion === of.version &&
        waves.some(({ startedAtMs }) => startedAtMs !== null) &&
        (!ENDED.has(state) || changedAtMs > of.sinceMs),
    );
    return meanwhile.length > 1 ? null : evidence.of(of);
  };
}

async function newestVerdict(drift: DriftStore, model: ModelName, version: number): Promise<Verdict | null> {
  const [newest] = await drift.listReleases(model, { version, limit: 1 });
  return newest?.verdict ?? null;
}

/** Rollouts that may still tell devices of a version, or bring them back to it. */
export function heldByRollouts(rollouts: Pick<Rollouts, "list">): VersionHolder {
  return async ({ model, version }) => {
    const all = await rollouts.list();
    const holding = all.filter(({ config, state, fallbackVersion }) => {
      const versions = [config.version, ...(config.arms ?? []), fallbackVersion];
      return config.model === model && versions.includes(version) && !ENDED.has(state);
    });
    return holding.map(({ rolloutId }) => `rollout ${rolloutId}`);
  };
}
