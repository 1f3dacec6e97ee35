import type { DeviceId, ModelName, ServingMetrics } from "@fedge/protocol";
import type { Audited } from "../audit/ports.js";
import type { ReleaseRecord } from "../store/port.js";
import type { RolloutId } from "./rollout-config.js";
import type { RolloutEvent } from "./rollout-state.js";
import type { TargetView } from "./rollout-view.js";

/** A rollout's journal, as it is kept. */
export interface StoredJournal {
  readonly rolloutId: RolloutId;
  readonly events: readonly RolloutEvent[];
}

/** Counts of one device for one installation of a version, as it said them last. */
export interface MetricsRecord {
  readonly deviceId: DeviceId;
  readonly metrics: ServingMetrics;
  readonly receivedAtMs: number;
}

/** A named filter: whoever matches it now is in the group. */
export interface GroupRecord {
  readonly name: string;
  readonly filter: string;
  readonly changedAtMs: number;
}

/** What rollouts keep. Every method is one transaction. */
export interface RolloutStore {
  /** All journals that are not erased, oldest rollout first, events in their order. */
  loadJournals(): Promise<StoredJournal[]>;
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
  /** Forgets a rollout that never started. */
  erase(rolloutId: RolloutId): Promise<void>;
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

  /** What is not there is deleted already. */
  deleteMetrics(deviceId: DeviceId): Promise<void>;

  saveGroup(group: GroupRecord): Promise<void>;
  /** By name. */
  listGroups(): Promise<GroupRecord[]>;
  /** What is not there is deleted already. */
  deleteGroup(name: string): Promise<void>;
}
