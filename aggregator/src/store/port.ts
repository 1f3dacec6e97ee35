import type { BlobRef, DeviceId, ModelName, RoundId, TaskId, UntrustingCode } from "@fedge/protocol";
import type { Audited } from "../audit/ports.js";
import type {
  JournalEvent,
  RoundRecord,
  RoundSummary,
  StoredRound,
  VersionRecord,
} from "../rounds/journal.js";
import type { TaskConfig, TaskStatus } from "../tasks/task-config.js";

export interface TaskRecord {
  readonly config: TaskConfig;
  readonly status: TaskStatus;
  /** Why the task is in this status, for people; null while it runs. */
  readonly statusReason: string | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
}

export interface DeviceRecord {
  readonly deviceId: DeviceId;
  /** base64url of the raw 32-byte Ed25519 public key. */
  readonly publicKey: string;
  readonly enrolledAtMs: number;
  readonly lastSeenAtMs: number;
  readonly presence: "online" | "sleeping" | "offline" | "lost";
  readonly session: number;
  readonly runtimeVersion: string;
  readonly engine: string;
  readonly platform: string;
  /** What the device said it serves: model name to version and the manifest's hash. */
  readonly serving: Readonly<
    Record<string, { readonly version: number; readonly manifestSha256: string | null }>
  >;
  /** What the app says of the device. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Why it believes nothing new, as it said last; null while it does. */
  readonly untrusting: UntrustingCode | null;
  /** What operators call it. */
  readonly tags: readonly string[];
  /** When it was taken out of the fleet for good; null while it is in it. */
  readonly decommissionedAtMs: number | null;
}

export interface EvaluationRecord {
  readonly model: ModelName;
  readonly version: number;
  /** Names the data the version was evaluated on, such as `held-out`. */
  readonly dataSet: string;
  /** Which part of the set, such as a device filter; empty for all of it. */
  readonly segment: string;
  readonly numExamples: number;
  /** Fraction in [0, 1]; null for losses that do not classify. */
  readonly accuracy: number | null;
  /** Mean over the examples. */
  readonly loss: number;
  /** What every single example gave, where it is known; comparisons of two versions need it. */
  readonly results: BlobRef | null;
  readonly evaluatedAtMs: number;
}

/** The version that the fleet should run; `releaseCounter` only ever grows. */
export interface ReleaseRecord {
  readonly model: ModelName;
  readonly releaseCounter: number;
  readonly version: number;
  readonly releasedAtMs: number;
}

/** A release of any time, with what made it. */
export interface PastRelease extends ReleaseRecord {
  /** The rollout that made it; null for a release of the whole fleet. */
  readonly rolloutId: string | null;
}

export interface PageRequest {
  readonly limit: number;
  /** Rows to pass over. */
  readonly offset: number;
}

/** One device's versions that changed, at most one change for each device in a write. */
export interface ServingChange {
  readonly deviceId: DeviceId;
  readonly serving: DeviceRecord["serving"];
  readonly lastSeenAtMs: number;
}

/**
 * Control state of one tenant. Every method is one transaction: after it resolves the change survives `kill -9`,
 * and when it rejects nothing of it happened.
 */
export interface ControlStore {
  /** Throws TASK_STATE_CONFLICT when the id exists, or another task of this model is running or paused. */
  createTask(config: TaskConfig, createdAtMs: number): Promise<TaskRecord>;
  getTask(taskId: TaskId): Promise<TaskRecord | undefined>;
  /** Newest first. */
  listTasks(): Promise<TaskRecord[]>;
  setTaskStatus(
    taskId: TaskId,
    change: { status: TaskStatus; reason: string | null; atMs: number },
  ): Promise<void>;

  /** Opens round `number` of a task. Throws TASK_STATE_CONFLICT when that number exists or another round is open. */
  openRound(round: RoundRecord): Promise<void>;
  /** The task's round that is neither committed nor abandoned, with its journal in order. */
  openRoundOf(taskId: TaskId): Promise<{ round: RoundRecord; events: JournalEvent[] } | undefined>;
  /** Appends in order; event numbers continue at `firstSeq`, and a number that exists is refused (VERSION_CONFLICT). */
  appendEvents(roundId: RoundId, firstSeq: number, events: readonly JournalEvent[]): Promise<void>;
  updateRoundSummary(roundId: RoundId, summary: RoundSummary): Promise<void>;
  /** Rounds of a task, oldest first. */
  listRounds(taskId: TaskId, page?: PageRequest): Promise<StoredRound[]>;
  getRound(roundId: RoundId): Promise<{ round: StoredRound; events: JournalEvent[] } | undefined>;
  countRounds(taskId: TaskId): Promise<number>;

  /**
   * Makes a round's result a version: the version row, the round's last event and its summary, all or nothing.
   * Throws VERSION_CONFLICT when the version number or the round's version exists.
   */
  commitVersion(commit: {
    /** What the log says of it, in the same transaction; rounds have their journal. */
    readonly audit?: Audited;
    readonly version: VersionRecord;
    readonly round: {
      readonly roundId: RoundId;
      readonly seq: number;
      readonly event: JournalEvent;
      readonly summary: RoundSummary;
    } | null;
  }): Promise<void>;
  getVersion(model: ModelName, version: number): Promise<VersionRecord | undefined>;
  latestVersion(model: ModelName): Promise<VersionRecord | undefined>;
  /** Oldest first. */
  listVersions(model: ModelName, page?: PageRequest): Promise<VersionRecord[]>;
  listModels(): Promise<ModelName[]>;

  saveEvaluation(evaluation: EvaluationRecord): Promise<void>;
  listEvaluations(model: ModelName): Promise<EvaluationRecord[]>;

  /** Records a release and gives its counter, one more than the last of the tenant. */
  release(model: ModelName, version: number, atMs: number): Promise<ReleaseRecord>;
  /** The newest release of every model. */
  currentReleases(): Promise<ReleaseRecord[]>;
  /** A model's releases, of rollouts too, newest first. */
  pastReleases(model: ModelName, limit: number): Promise<PastRelease[]>;

  /** Throws DEVICE_UNKNOWN never: enrolling the same key again is the same device. */
  enrolDevice(device: { deviceId: DeviceId; publicKey: string; atMs: number }): Promise<DeviceRecord>;
  getDevice(deviceId: DeviceId): Promise<DeviceRecord | undefined>;
  /** Applies the change unless it belongs to an older session than the one recorded; gives the record, or undefined when unknown. */
  updateDevice(
    deviceId: DeviceId,
    change: Partial<Omit<DeviceRecord, "deviceId" | "publicKey" | "enrolledAtMs">> & {
      readonly session?: number;
    },
    /** What the log says of it, in the same transaction. */
    audit?: Audited,
  ): Promise<DeviceRecord | undefined>;
  /** What devices serve from now on, in one write; a device's other models stay. Passes over devices that are unknown. */
  noteServing(changes: readonly ServingChange[]): Promise<void>;
  /** What is not there is deleted already. Rounds keep the ids of their members. */
  deleteDevice(deviceId: DeviceId, audit: Audited): Promise<void>;
  listDevices(page?: PageRequest): Promise<DeviceRecord[]>;
  /** Counts by presence, by served `model@version`, and, of those in service, by why they believe nothing new. */
  countDevices(): Promise<{
    total: number;
    byPresence: Record<string, number>;
    byServing: Record<string, number>;
    untrusting: Record<string, number>;
  }>;

  close(): Promise<void>;
}
