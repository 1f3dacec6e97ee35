import type { BlobRef, DeviceId, ErrorCode, RoundId, Sha256, TaskId } from "@fedge/protocol";

/** Why a selected device's update is not in the round's sum. Each lost device is counted under exactly one. */
export type LossReason = "dropped" | "late" | "aborted" | "refused" | "not-needed";

export interface CountedUpdate {
  readonly deviceId: DeviceId;
  /** Of the update's bytes: what is sent again after a restart is told from another update. */
  readonly sha256: Sha256;
  readonly numExamples: number;
  readonly sizeBytes: number;
  readonly l2Norm: number;
  readonly lossBefore: number | null;
  readonly lossAfter: number | null;
  readonly trainMs: number;
}

/** Where the sum of all updates counted so far is kept; it replaces the one before it. */
export interface FoldSnapshotRef {
  readonly fileName: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export type AbandonReason = "too-few-devices" | "too-few-reports" | "task-stopped" | "aggregation-failed";

/**
 * What a round remembers. A round's state is the fold of these events; what is not here (a running upload, an
 * update that is in no snapshot) does not survive a restart, and the device that sent it has no receipt.
 */
export type JournalEvent =
  | { readonly type: "cohort-selected"; readonly atMs: number; readonly devices: readonly DeviceId[] }
  | { readonly type: "selection-failed"; readonly atMs: number; readonly numAvailable: number }
  | {
      readonly type: "updates-counted";
      readonly atMs: number;
      readonly updates: readonly CountedUpdate[];
      readonly snapshot: FoldSnapshotRef;
    }
  | {
      readonly type: "update-refused";
      readonly atMs: number;
      readonly deviceId: DeviceId;
      readonly code: ErrorCode;
    }
  | {
      readonly type: "device-left";
      readonly atMs: number;
      readonly deviceId: DeviceId;
      readonly reason: "dropped" | "aborted";
    }
  /** Who was out of touch at the deadline and whose update was being checked; the machine fills both in. */
  | {
      readonly type: "reporting-expired";
      readonly atMs: number;
      readonly lost?: readonly DeviceId[] | undefined;
      readonly awaited?: readonly DeviceId[] | undefined;
    }
  | { readonly type: "stopped"; readonly atMs: number; readonly reason: AbandonReason }
  | { readonly type: "version-committed"; readonly atMs: number; readonly version: number };

export interface RoundRecord {
  readonly roundId: RoundId;
  readonly taskId: TaskId;
  /** 1, 2, 3, … within the task. */
  readonly number: number;
  readonly baseVersion: number;
  readonly openedAtMs: number;
}

/** What stays of a round once it is over, for lists and pages. */
export interface RoundSummary {
  readonly outcome: "open" | "committed" | "abandoned";
  readonly abandonReason: AbandonReason | null;
  readonly version: number | null;
  readonly numSelected: number;
  readonly numCounted: number;
  readonly numExamples: number;
  readonly lost: Readonly<Record<LossReason, number>>;
  readonly refusedByCode: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly trainMs: number;
  readonly meanLossBefore: number | null;
  readonly meanLossAfter: number | null;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly closedAtMs: number | null;
}

export type StoredRound = RoundRecord & RoundSummary;

/** Where a version comes from, beside its parent and its round. */
export interface Provenance {
  /** Devices that were selected for the round; 0 for an import. */
  readonly cohortSize: number;
  /** Null while no differential privacy was applied. */
  readonly privacySpent: { readonly epsilon: number; readonly delta: number } | null;
  /** From the round's opening to its last counted update; null for an import. */
  readonly dataWindow: { readonly firstMs: number; readonly lastMs: number } | null;
  /** Version of the package that made it. */
  readonly codeVersion: string;
  /** Id of the key that signed it for devices when it was released first; null before. */
  readonly signer: string | null;
}

/** A model version as the registry keeps it. */
export interface VersionRecord {
  readonly model: string;
  readonly version: number;
  readonly manifest: BlobRef;
  readonly checkpoint: BlobRef;
  /** Server optimizer's state after this version; null when it has none. */
  readonly optimizerState: BlobRef | null;
  readonly parentVersion: number | null;
  readonly taskId: TaskId | null;
  readonly roundId: RoundId | null;
  readonly numUpdates: number;
  readonly numExamples: number;
  readonly provenance: Provenance;
  /** The round's sum of all updates, from which the version can be made again; null for an import, or when let go. */
  readonly finalSum: BlobRef | null;
  readonly createdAtMs: number;
  /** When its bytes were deleted by the retention policy; the record stays. */
  readonly deletedAtMs: number | null;
}
