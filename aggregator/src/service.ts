import type { MetadataExpiry } from "./signing/metadata-expiry.js";
import type { TrainingCheck } from "./model-check/prepared-model.js";
import type { TrainingOptions } from "@fedge/onnx-autodiff";
import type { BlobRef, DeviceId, ModelManifest, ModelName, RoundId, TaskId } from "@fedge/protocol";
import type { DeviceFilter } from "./fleet/filter/device-filter.js";
import type { DevicePage } from "./fleet/filter/list-devices.js";
import type { ProfilePackage } from "./registry/profiles/profile-package.js";
import type { JournalEvent, StoredRound, VersionRecord } from "./rounds/journal.js";
import type { DeviceRecord, EvaluationRecord, PageRequest, ReleaseRecord, TaskRecord } from "./store/port.js";
import type { TaskConfig } from "./tasks/task-config.js";

/** What a round looks like while it runs: durable state plus what is under way. */
export interface LiveRound extends StoredRound {
  readonly phase: "selecting" | "reporting" | "aggregating" | "committed" | "abandoned";
  /** Devices that wait in the pool of this round's model. */
  readonly numWaiting: number;
  readonly numTraining: number;
  readonly numUploading: number;
}

export interface TaskView extends TaskRecord {
  readonly numRounds: number;
  readonly latestVersion: number | null;
  readonly bestAccuracy: number | null;
  readonly liveRound: LiveRound | null;
}

export interface VersionView extends VersionRecord {
  readonly evaluations: readonly EvaluationRecord[];
  /** Devices that said they serve it. */
  readonly numServing: number;
  readonly released: boolean;
}

export interface ModelView {
  readonly model: ModelName;
  readonly latestVersion: number;
  readonly releasedVersion: number | null;
  readonly numParameters: number;
  readonly loss: string | null;
}

export interface FleetView {
  readonly total: number;
  readonly byPresence: Readonly<Record<string, number>>;
  /** `model@version` to the number of devices that serve it. */
  readonly byServing: Readonly<Record<string, number>>;
  /** Error code to the number of devices in service that believe nothing new for it. */
  readonly untrusting: Readonly<Record<string, number>>;
}

export interface Overview {
  readonly startedAtMs: number;
  readonly version: string;
  readonly tenantId: string;
  readonly fleet: FleetView;
  readonly tasks: readonly TaskView[];
  readonly models: readonly ModelView[];
  readonly releases: readonly ReleaseRecord[];
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Paths of pages of apps that are served beside the operator's. */
  readonly appPages: readonly string[];
  /** When the published signed metadata expire, by role. */
  readonly metadata: readonly MetadataExpiry[];
}

export interface ModelImport {
  readonly model: ModelName;
  /**
   * An ONNX model. One that was converted from a TensorFlow.js layers model holds that model's topology, which becomes
   * part of the version, for devices with that engine and for exports; not where parameters are frozen, because the
   * engine takes every weight from the checkpoint.
   */
  readonly onnx: Uint8Array;
  /** What the model is for, for its card. */
  readonly purpose?: string;
  /** What its inputs and predictions look like, so that devices can say when theirs do not. */
  readonly profile?: ProfilePackage;
  /** Whom the audit log names. */
  readonly actor?: string;
  /** What devices minimise, with which optimizer; `proximal` lets tasks ask for `proximalMu` above 0. */
  readonly training: Pick<TrainingOptions, "loss" | "optimizer" | "trainable" | "clipNorm" | "proximal">;
}

/** What an import gave. */
export interface ImportReport {
  readonly version: VersionView;
  /** One training step on random examples, which every import has to pass. */
  readonly check: TrainingCheck;
  /** Why devices cannot explain its predictions; null when they can. */
  readonly unexplained: string | null;
}

/** One file of an export; a TensorFlow.js layers model is two, side by side in a directory. */
export type ExportFormat = "onnx" | "safetensors" | "tfjs/model.json" | "tfjs/weights.bin";

/** Told whenever something that a page shows has changed; coalesce before reading. */
export type ServiceEvent =
  | { readonly type: "task-changed"; readonly taskId: TaskId }
  | { readonly type: "round-changed"; readonly taskId: TaskId; readonly roundId: RoundId }
  | { readonly type: "version-committed"; readonly model: ModelName; readonly version: number }
  | { readonly type: "version-evaluated"; readonly evaluation: EvaluationRecord }
  | { readonly type: "released"; readonly release: ReleaseRecord }
  | { readonly type: "fleet-changed" };

/** Everything that HTTP, the command line and the simulator can ask of an aggregator. All may throw FedgeError. */
export interface AggregatorService {
  overview(): Promise<Overview>;

  createTask(config: TaskConfig): Promise<TaskView>;
  listTasks(): Promise<TaskView[]>;
  getTask(taskId: TaskId): Promise<TaskView>;
  pauseTask(taskId: TaskId): Promise<TaskView>;
  resumeTask(taskId: TaskId): Promise<TaskView>;
  stopTask(taskId: TaskId): Promise<TaskView>;

  listRounds(taskId: TaskId, page?: PageRequest): Promise<StoredRound[]>;
  getRound(roundId: RoundId): Promise<{ round: StoredRound; events: readonly JournalEvent[] }>;

  listModels(): Promise<ModelView[]>;
  listVersions(model: ModelName, page?: PageRequest): Promise<VersionView[]>;
  getVersion(model: ModelName, version: number): Promise<{ version: VersionView; manifest: ModelManifest }>;
  /** Makes version 1 of a new model, or the next version of an existing one with the same parameters. */
  importModel(request: ModelImport): Promise<ImportReport>;
  exportVersion(model: ModelName, version: number, format: ExportFormat): Promise<Uint8Array>;
  readBlob(ref: BlobRef): Promise<Uint8Array>;

  fleet(): Promise<FleetView>;
  listDevices(page?: PageRequest): Promise<DeviceRecord[]>;
  /** A page of those that the filter means, all without one, and how many it means on all pages. Reads the fleet once. */
  findDevices(page?: PageRequest, filter?: DeviceFilter): Promise<DevicePage>;
  getDevice(deviceId: DeviceId): Promise<DeviceRecord>;
  /** After a device's record is deleted: drops its connection and what is kept for it. */
  deviceForgotten(deviceId: DeviceId): Promise<void>;

  onEvent(listener: (event: ServiceEvent) => void): () => void;
}
