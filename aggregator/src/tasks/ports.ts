import type { BlobRef, DeviceId, ModelManifest, ModelName, Sha256, TaskId, TenantId } from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { RoundPorts } from "../rounds/ports.js";
import type { EvaluationRecord } from "../store/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ServiceEvent } from "../service.js";
import type { TaskConfig } from "./task-config.js";

/** Measures a version on data that the server holds; undefined when it holds none for this model. */
export interface Evaluator {
  evaluate(version: VersionRecord, manifest: ModelManifest): Promise<EvaluationRecord | undefined>;
}

/** Makes blobs reachable for devices while somebody needs them. */
export interface BlobPublisher {
  /** Resolves when every block is at the broker. `owner` holds the blobs until it releases them. */
  hold(owner: string, blobs: readonly BlobRef[]): Promise<void>;
  /** Blobs that no owner holds any longer are withdrawn. */
  release(owner: string): void;
}

/** Makes a version the one that the fleet should run. */
export interface Releases {
  release(model: ModelName, version: VersionRecord): Promise<void>;
}

/** Proposes a version of a task for a rollout; what it makes of it is its own. */
export interface VersionProposals {
  consider(task: TaskConfig, version: number): Promise<unknown>;
}

export interface TaskPorts extends RoundPorts {
  readonly blobs: BlobStore;
  readonly publisher: BlobPublisher;
  readonly evaluator: Evaluator;
  readonly releases: Releases;
  readonly autopilot: VersionProposals;
  readonly sha256: (bytes: Uint8Array) => Sha256;
  readonly newRoundId: (taskId: TaskId, number: number) => string;
  readonly tenantId: TenantId;
  readonly isOnline: (deviceId: DeviceId) => boolean;
  readonly emit: (event: ServiceEvent) => void;
  /** Version of this package, for the lineage of what it makes. */
  readonly codeVersion: string;
  /** Told of every version that a task committed, before the next round begins. */
  readonly versionCommitted: (version: VersionRecord) => Promise<void>;
  /** Told when a version was measured. */
  readonly versionEvaluated: (evaluation: EvaluationRecord) => Promise<void>;
  /** Time for records and pages; the rounds' own clock may run faster in a simulation. */
  readonly nowMs: () => number;
}
