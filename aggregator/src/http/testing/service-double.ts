import {
  FedgeError,
  type BlobRef,
  type DeviceId,
  type ModelManifest,
  type ModelName,
  type RoundId,
  type TaskId,
} from "@fedge/protocol";
import type { DeviceFilter } from "../../fleet/filter/device-filter.js";
import type { DevicePage } from "../../fleet/filter/list-devices.js";
import type { StoredRound } from "../../rounds/journal.js";
import type {
  AggregatorService,
  ExportFormat,
  FleetView,
  ImportReport,
  ModelImport,
  ModelView,
  Overview,
  ServiceEvent,
  TaskView,
  VersionView,
} from "../../service.js";
import type { MetadataExpiry } from "../../signing/metadata-expiry.js";
import type { DeviceRecord, PageRequest } from "../../store/port.js";
import type { TaskConfig, TaskStatus } from "../../tasks/task-config.js";

/** An aggregator service in memory, for tests of what stands in front of one. Its state is public and mutable. */
export class ServiceDouble implements AggregatorService {
  tasks: TaskView[] = [];
  rounds: StoredRound[] = [];
  versions: VersionView[] = [];
  devices: DeviceRecord[] = [];
  /** Devices of which it was told that they are forgotten. */
  readonly forgotten: DeviceId[] = [];
  readonly imports: ModelImport[] = [];
  readonly manifests = new Map<string, ModelManifest>();
  readonly blobs = new Map<string, Uint8Array>();
  /** Reads of the overview so far. */
  numOverviews = 0;
  appPages: readonly string[] = [];
  metadata: readonly MetadataExpiry[] = [];
  private readonly listeners = new Set<(event: ServiceEvent) => void>();

  emit(event: ServiceEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  get numListeners(): number {
    return this.listeners.size;
  }

  async overview(): Promise<Overview> {
    this.numOverviews += 1;
    return {
      startedAtMs: 1_700_000_000_000,
      version: "0.1.0",
      tenantId: "default",
      fleet: await this.fleet(),
      tasks: this.tasks,
      models: await this.listModels(),
      releases: this.versions
        .filter((version) => version.released)
        .map(({ model, version, createdAtMs }) => ({
          model: model as ModelName,
          version,
          releaseCounter: version,
          releasedAtMs: createdAtMs,
        })),
      bytesUp: this.rounds.reduce((sum, round) => sum + round.bytesUp, 0),
      bytesDown: this.rounds.reduce((sum, round) => sum + round.bytesDown, 0),
      appPages: this.appPages,
      metadata: this.metadata,
    };
  }

  async createTask(config: TaskConfig): Promise<TaskView> {
    if (this.tasks.some((task) => task.config.taskId === config.taskId)) {
      throw new FedgeError("TASK_STATE_CONFLICT", `task ${config.taskId} exists; choose another --id`);
    }
    const task: TaskView = {
      config,
      status: "running",
      statusReason: null,
      createdAtMs: 1_700_000_000_000,
      endedAtMs: null,
      numRounds: 0,
      latestVersion: 1,
      bestAccuracy: null,
      liveRound: null,
    };
    this.tasks = [task, ...this.tasks];
    return task;
  }

  listTasks(): Promise<TaskView[]> {
    return Promise.resolve([...this.tasks]);
  }

  async getTask(taskId: TaskId): Promise<TaskView> {
    const task = this.tasks.find((candidate) => candidate.config.taskId === taskId);
    if (task !== undefined) return task;
    throw new FedgeError(
      "TASK_UNKNOWN",
      `there is no task ${taskId}; \`fedge task list\` shows those that exist`,
    );
  }

  pauseTask(taskId: TaskId): Promise<TaskView> {
    return this.setStatus(taskId, "paused");
  }

  resumeTask(taskId: TaskId): Promise<TaskView> {
    return this.setStatus(taskId, "running");
  }

  stopTask(taskId: TaskId): Promise<TaskView> {
    return this.setStatus(taskId, "stopped");
  }

  async listRounds(taskId: TaskId, page?: PageRequest): Promise<StoredRound[]> {
    await this.getTask(taskId);
    return paged(
      this.rounds.filter((round) => round.taskId === taskId),
      page,
    );
  }

  async getRound(roundId: RoundId): ReturnType<AggregatorService["getRound"]> {
    const round = this.rounds.find((candidate) => candidate.roundId === roundId);
    if (round === undefined) throw new FedgeError("ROUND_UNKNOWN", `there is no round ${roundId}`);
    return { round, events: [{ type: "reporting-expired", atMs: round.openedAtMs }] };
  }

  listModels(): Promise<ModelView[]> {
    const names = [...new Set(this.versions.map((version) => version.model))];
    return Promise.resolve(names.map((name) => this.modelView(name)));
  }

  listVersions(model: ModelName, page?: PageRequest): Promise<VersionView[]> {
    return Promise.resolve(paged(this.versionsOf(model), page));
  }

  async getVersion(model: ModelName, number: number): ReturnType<AggregatorService["getVersion"]> {
    const version = this.versions.find((one) => one.model === model && one.version === number);
    const manifest = this.manifests.get(model);
    if (version === undefined || manifest === undefined) {
      throw new FedgeError("VERSION_UNKNOWN", `there is no version ${number} of model ${model}`);
    }
    return { version, manifest };
  }

  async importModel(request: ModelImport): Promise<ImportReport> {
    this.imports.push(request);
    const imported = this.versionsOf(request.model).at(-1);
    const check = { batchSize: 2, loss: 2.5, stepMs: 3, memoryBytes: 4096 };
    if (imported !== undefined) return { version: imported, check, unexplained: null };
    throw new FedgeError("ONNX_MALFORMED", "not an ONNX file; export the model again");
  }

  async exportVersion(model: ModelName, number: number, format: ExportFormat): Promise<Uint8Array> {
    await this.getVersion(model, number);
    return new TextEncoder().encode(`${model}@${number} as ${format}`);
  }

  async readBlob(ref: BlobRef): Promise<Uint8Array> {
    const bytes = this.blobs.get(ref.sha256);
    if (bytes === undefined) throw new FedgeError("BLOB_INCOMPLETE", `there is no blob ${ref.sha256}`);
    return bytes;
  }

  fleet(): Promise<FleetView> {
    const byPresence: Record<string, number> = {};
    const byServing: Record<string, number> = {};
    const untrusting: Record<string, number> = {};
    for (const { presence, serving, untrusting: code } of this.devices) {
      if (code !== null) untrusting[code] = (untrusting[code] ?? 0) + 1;
      byPresence[presence] = (byPresence[presence] ?? 0) + 1;
      for (const [model, { version }] of Object.entries(serving)) {
        const name = `${model}@${version}`;
        byServing[name] = (byServing[name] ?? 0) + 1;
      }
    }
    return Promise.resolve({ total: this.devices.length, byPresence, byServing, untrusting });
  }

  listDevices(page?: PageRequest): Promise<DeviceRecord[]> {
    return Promise.resolve(paged(this.devices, page));
  }

  findDevices(page?: PageRequest, filter: DeviceFilter = () => true): Promise<DevicePage> {
    const meant = this.devices.filter(filter);
    return Promise.resolve({ devices: paged(meant, page), total: meant.length });
  }

  async getDevice(deviceId: DeviceId): Promise<DeviceRecord> {
    const device = this.devices.find((candidate) => candidate.deviceId === deviceId);
    if (device !== undefined) return device;
    throw new FedgeError("DEVICE_UNKNOWN", `there is no device ${deviceId}`);
  }

  deviceForgotten(deviceId: DeviceId): Promise<void> {
    this.forgotten.push(deviceId);
    return Promise.resolve();
  }

  onEvent(listener: (event: ServiceEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private versionsOf(model: string): VersionView[] {
    return this.versions.filter((version) => version.model === model);
  }

  private modelView(name: string): ModelView {
    const versions = this.versionsOf(name);
    return {
      model: name as ModelName,
      latestVersion: versions.at(-1)?.version ?? 0,
      releasedVersion: versions.filter((version) => version.released).at(-1)?.version ?? null,
      numParameters: 199_210,
      loss: "softmax-cross-entropy",
    };
  }

  private async setStatus(taskId: TaskId, status: TaskStatus): Promise<TaskView> {
    const task = { ...(await this.getTask(taskId)), status };
    this.tasks = this.tasks.map((other) => (other.config.taskId === taskId ? task : other));
    return task;
  }
}

function paged<T>(rows: readonly T[], page?: PageRequest): T[] {
  return page === undefined ? [...rows] : rows.slice(page.offset, page.offset + page.limit);
}
