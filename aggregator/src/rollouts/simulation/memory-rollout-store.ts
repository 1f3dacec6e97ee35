import { FedgeError, type DeviceId } from "@fedge/protocol";
import type { AuditDraft } from "../../audit/audit.js";
import type { Audited } from "../../audit/ports.js";
import type { RolloutId } from "../rollout-config.js";
import type { RolloutEvent, Target } from "../rollout-state.js";
import type {
  Baseline,
  GroupRecord,
  MetricsRecord,
  RolloutStore,
  Snapshot,
  StoredRollout,
} from "../rollout-store.js";
import type { TargetView } from "../rollout-view.js";
import { TargetTable } from "../target-table.js";
import { decodeSnapshot, encodeSnapshot } from "../../store/snapshot-codec.js";

/** A rollout store that can lose its server in the middle of a write: before it is durable, or just after. */
export class MemoryRolloutStore implements RolloutStore {
  readonly journals = new Map<RolloutId, RolloutEvent[]>();
  readonly snapshots = new Map<RolloutId, Omit<Snapshot, "state"> & { readonly encoded: string }>();
  readonly #baselines = new Map<RolloutId, Baseline>();
  /** What the audit log would say. */
  readonly audited: AuditDraft[] = [];
  readonly #targets = new Map<string, TargetView & { readonly rolloutId: RolloutId }>();
  readonly #metrics = new Map<string, MetricsRecord>();
  readonly #groups = new Map<string, GroupRecord>();
  readonly #fleetWide: { readonly releaseCounter: number; readonly version: number }[] = [];
  readonly #reserved = new Map<number, number>();
  /** Says where the server dies at the next write. */
  fate: () => "lives" | "dies-before" | "dies-after" = () => "lives";
  onDeath: () => void = () => undefined;
  lastCounter = 0;

  async loadRollouts(): ReturnType<RolloutStore["loadRollouts"]> {
    return [...this.journals.keys()].map((rolloutId) => {
      const stored = this.#stored(rolloutId);
      const { snapshot, events } = stored;
      if (snapshot?.isRetired !== true || events.length > 0) return stored;
      const head = { ...snapshot.state, targets: TargetTable.empty<Target>() };
      return { ...stored, snapshot: { ...snapshot, state: head } };
    });
  }

  async loadRollout(rolloutId: RolloutId): ReturnType<RolloutStore["loadRollout"]> {
    return this.journals.has(rolloutId) ? this.#stored(rolloutId) : undefined;
  }

  async saveSnapshot(rolloutId: RolloutId, { state, ...facts }: Snapshot): Promise<void> {
    this.snapshots.set(rolloutId, { ...facts, encoded: JSON.stringify(encodeSnapshot(state)) });
  }

  /** What goes through JSON and the database's own checks is what a database would give back. */
  #stored(rolloutId: RolloutId): StoredRollout {
    const kept = this.snapshots.get(rolloutId);
    const journal = this.journals.get(rolloutId) ?? [];
    if (kept === undefined) return { rolloutId, snapshot: null, events: [...journal] };
    const { encoded, numEvents, isRetired } = kept;
    const { snapshot, targets } = JSON.parse(encoded) as Record<"snapshot" | "targets", unknown>;
    const state = decodeSnapshot(snapshot, targets);
    return { rolloutId, snapshot: { state, numEvents, isRetired }, events: journal.slice(numEvents) };
  }

  async append({
    rolloutId,
    firstSeq,
    events,
    targets,
    audit,
  }: Parameters<RolloutStore["append"]>[0]): Promise<void> {
    const fate = this.fate();
    if (fate === "dies-before") this.#die();
    const journal = this.journals.get(rolloutId) ?? [];
    if (journal.length !== firstSeq) throw new FedgeError("VERSION_CONFLICT", "another server wrote");
    // What goes through JSON is what a database would give back.
    journal.push(...(JSON.parse(JSON.stringify(events)) as RolloutEvent[]));
    this.journals.set(rolloutId, journal);
    this.audited.push(...audit.map(({ draft }) => draft));
    for (const target of targets)
      this.#targets.set(`${rolloutId}/${target.deviceId}`, { ...target, rolloutId });
    if (fate === "dies-after") this.#die();
  }

  async erase(rolloutId: RolloutId, { draft }: Audited): Promise<void> {
    this.audited.push(draft);
    this.journals.delete(rolloutId);
  }

  async targetsOf(deviceId: DeviceId): ReturnType<RolloutStore["targetsOf"]> {
    return [...this.#targets.values()].filter((target) => target.deviceId === deviceId);
  }

  async reserveRelease({
    model,
    version,
    atMs,
  }: Parameters<RolloutStore["reserveRelease"]>[0]): ReturnType<RolloutStore["reserveRelease"]> {
    const releaseCounter = (this.lastCounter += 1);
    this.#reserved.set(releaseCounter, version);
    return { model, version, releaseCounter, releasedAtMs: atMs };
  }

  async promoteRelease(releaseCounter: number): Promise<void> {
    const version = this.#reserved.get(releaseCounter);
    if (version !== undefined) this.#fleetWide.push({ releaseCounter, version });
  }

  async recentVersions(_model: string, limit: number): Promise<number[]> {
    return this.#fleetWide
      .map(({ version }) => version)
      .reverse()
      .slice(0, limit);
  }

  async saveMetrics(record: MetricsRecord): Promise<void> {
    const { model, version } = record.metrics;
    this.#metrics.set(`${record.deviceId}/${model}@${version}`, record);
  }

  async listMetrics(model: string, version: number): Promise<MetricsRecord[]> {
    return [...this.#metrics.values()].filter(
      ({ metrics }) => metrics.model === model && metrics.version === version,
    );
  }

  async deleteMetrics(deviceId: DeviceId): Promise<void> {
    for (const [key, record] of this.#metrics) if (record.deviceId === deviceId) this.#metrics.delete(key);
  }

  async saveBaseline(
    rolloutId: RolloutId,
    { model, version, atMs }: Parameters<RolloutStore["saveBaseline"]>[1],
  ): Promise<void> {
    if (this.#baselines.has(rolloutId)) return;
    this.#baselines.set(rolloutId, { atMs, records: await this.listMetrics(model, version) });
  }

  async baselineOf(rolloutId: RolloutId): Promise<Baseline | undefined> {
    return this.#baselines.get(rolloutId);
  }

  async saveGroup(group: GroupRecord, { draft }: Audited): Promise<void> {
    this.audited.push(draft);
    this.#groups.set(group.name, group);
  }

  async listGroups(): Promise<GroupRecord[]> {
    return [...this.#groups.values()];
  }

  async deleteGroup(name: string, { draft }: Audited): Promise<void> {
    this.audited.push(draft);
    this.#groups.delete(name);
  }

  #die(): never {
    this.onDeath();
    throw new FedgeError("CLOSED", "the server was killed");
  }
}
