import type { DeviceId, ModelName, ServingMetrics } from "@fedge/protocol";
import type { Audited } from "../audit/ports.js";
import type { ReleaseRecord } from "../store/port.js";
import type { RolloutId } from "./rollout-config.js";
import type { RolloutEvent, RolloutState } from "./rollout-state.js";
import type { TargetView } from "./rollout-view.js";

/** A state that its journal led to, which saves reading the journal's beginning. */
export interface Snapshot {
  readonly state: RolloutState;
  /** Events of the journal that led to it. */
  readonly numEvents: number;
  /** No device's word changes it any more, see `isRetired`. */
  readonly isRetired: boolean;
}

/** A rollout as it is kept: a snapshot, where there is one, and the events since. */
export interface StoredRollout {
  readonly rolloutId: RolloutId;
  readonly snapshot: Snapshot | null;
  readonly events: readonly RolloutEvent[];
}

/** Counts of one device for one installation of a version, as it said them last. */
export interface MetricsRecord {
  readonly deviceId: DeviceId;
  readonly metrics: ServingMetrics;
  readonly receivedAtMs: number;
}

/** What the control cohort had counted when a rollout's first wave opened. */
export interface Baseline {
  readonly atMs: number;
  readonly records: readonly MetricsRecord[];
}

/** A named filter: whoever matches it now is in the group. */
export interface GroupRecord {
  readonly name: string;
  readonly filter: string;
  readonly changedAtMs: number;
}

/** What rollouts keep. Every method is one transaction. */
export interface RolloutStore {
  /**
   * All rollouts that are not erased, the oldest first, events in their order. Of a retired one only the snapshot, without
   * its devices.
   */
  loadRollouts(): Promise<StoredRollout[]>;
  /** One rollout with its devices; undefined when there is none. */
  loadRollout(rolloutId: RolloutId): Promise<StoredRollout | undefined>;
  /** Replaces the snapshot. The journal stays what counts: a snapshot that is lost costs time and nothing else. */
  saveSnapshot(rolloutId: RolloutId, snapshot: Snapshot): Promise<void>;
  /**
   * Appends events, numbered from `firstSeq`, and writes the devices they changed and what the audit log says of them, all
   * or nothing. Number 0 makes the rollout. Throws VERSION_CONFLICT when an event of that number exists: another server runs the rollout.
   */
  append(change: {
    readonly rolloutId: RolloutId;
    readonly firstSeq: number;
    readonly events: readonly RolloutEvent[];
    readonly targets: readonly TargetView[];
    readonly audit: readonly Audited[];
  }): Promise<void>;
  /** Forgets a rollout that never started; the log has who did. */
  erase(rolloutId: RolloutId, audit: Audited): Promise<void>;
  /** What the device went through in all rollouts, newest first. */
  targetsOf(deviceId: DeviceId): Promise<(TargetView & { readonly rolloutId: RolloutId })[]>;

  /** Records a release of a rollout and gives its counter, one more than the last; not yet what the whole fleet runs. */
  reserveRelease(release: {
    readonly model: ModelName;
    readonly version: number;
    readonly rolloutId: RolloutId;
    readonly purpose: "forward" | "back";
    readonly atMs: number;
  }): Promise<ReleaseRecord>;
  /** The release becomes one of the whole fleet; nothing happens when it is already. */
  promoteRelease(releaseCounter: number): Promise<void>;
  /** Versions that the whole fleet was released lately, newest first. */
  recentVersions(model: ModelName, limit: number): Promise<number[]>;

  /** Replaces what the device said before of the same installation. */
  saveMetrics(record: MetricsRecord): Promise<void>;
  /** Of every device its newest installation of the version. */
  listMetrics(model: ModelName, version: number): Promise<MetricsRecord[]>;

  /** With what of it stands in baselines. What is not there is deleted already. */
  deleteMetrics(deviceId: DeviceId): Promise<void>;

  /** Keeps what every device has counted of the version by now as the rollout's baseline, unless it has one already. */
  saveBaseline(
    rolloutId: RolloutId,
    of: { readonly model: ModelName; readonly version: number; readonly atMs: number },
  ): Promise<void>;
  /** Undefined for a rollout that has none. */
  baselineOf(rolloutId: RolloutId): Promise<Baseline | undefined>;

  saveGroup(group: GroupRecord, audit: Audited): Promise<void>;
  /** By name. */
  listGroups(): Promise<GroupRecord[]>;
  /** What is not there is deleted already. */
  deleteGroup(name: string, audit: Audited): Promise<void>;
}
