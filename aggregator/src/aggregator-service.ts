import {
  FedgeError,
  type BlobRef,
  type DeviceId,
  type ModelName,
  type RoundId,
  type TaskId,
} from "@fedge/protocol";
import type { DeviceFilter } from "./fleet/filter/device-filter.js";
import { listFiltered, type DevicePage } from "./fleet/filter/list-devices.js";
import type { Fleet } from "./fleet/fleet.js";
import { exportVersion } from "./registry/export-version.js";
import { RUNTIME_VERSION, importModel, type RegistryPorts } from "./registry/import-model.js";
import { RegistryViews } from "./registry/views.js";
import type { VersionRecord } from "./rounds/journal.js";
import { countMembers } from "./rounds/round-state.js";
import type {
  AggregatorService,
  ExportFormat,
  FleetView,
  LiveRound,
  ImportReport,
  ModelImport,
  Overview,
  ServiceEvent,
  TaskView,
  VersionView,
} from "./service.js";
import type { MetadataExpiry } from "./signing/metadata-expiry.js";
import type { PageRequest, TaskRecord } from "./store/port.js";
import type { TaskConfig } from "./tasks/task-config.js";
import type { TaskManager } from "./tasks/task-manager.js";

export interface ServiceParts extends RegistryPorts {
  readonly tasks: TaskManager;
  /** What follows an import. */
  readonly imported: (version: VersionRecord) => Promise<void>;
  readonly fleet: Pick<Fleet, "forget">;
  readonly tenantId: string;
  readonly startedAtMs: number;
  /** Where pages of apps are served beside the operator's own. */
  readonly appPages: readonly string[];
  readonly metadata: () => readonly MetadataExpiry[];
  readonly traffic: () => { readonly bytesUp: number; readonly bytesDown: number };
  readonly onEvent: (listener: (event: ServiceEvent) => void) => () => void;
}

/** Answers HTTP, the command line and the simulator from the store and the running tasks. */
export class Aggregator implements AggregatorService {
  readonly #registry: RegistryViews;

  constructor(private readonly parts: ServiceParts) {
    this.#registry = new RegistryViews(parts);
  }

  async overview(): Promise<Overview> {
    const { bytesUp, bytesDown } = this.parts.traffic();
    return {
      startedAtMs: this.parts.startedAtMs,
      version: RUNTIME_VERSION,
      tenantId: this.parts.tenantId,
      fleet: await this.fleet(),
      tasks: await this.listTasks(),
      models: await this.listModels(),
      releases: await this.parts.store.currentReleases(),
      bytesUp,
      bytesDown,
      appPages: this.parts.appPages,
      metadata: this.parts.metadata(),
    };
  }

  async createTask(config: TaskConfig): Promise<TaskView> {
    await this.parts.tasks.create(config);
    return this.getTask(config.taskId);
  }

  async listTasks(): Promise<TaskView[]> {
    const tasks = await this.parts.store.listTasks();
    return Promise.all(tasks.map((task) => this.#view(task)));
  }

  async getTask(taskId: TaskId): Promise<TaskView> {
    return this.#view(await this.#task(taskId));
  }

  async pauseTask(taskId: TaskId): Promise<TaskView> {
    await this.parts.tasks.pause(taskId);
    return this.getTask(taskId);
  }

  async resumeTask(taskId: TaskId): Promise<TaskView> {
    await this.parts.tasks.resume(taskId);
    return this.getTask(taskId);
  }

  async stopTask(taskId: TaskId): Promise<TaskView> {
    await this.parts.tasks.stop(taskId);
    return this.getTask(taskId);
  }

  async listRounds(taskId: TaskId, page?: PageRequest): ReturnType<AggregatorService["listRounds"]> {
    await this.#task(taskId);
    return this.parts.store.listRounds(taskId, page);
  }

  async getRound(roundId: RoundId): ReturnType<AggregatorService["getRound"]> {
    const found = await this.parts.store.getRound(roundId);
    if (found === undefined)
      throw new FedgeError("ROUND_UNKNOWN", `there is no round "${roundId}"; see \`fedge round list\``);
    return found;
  }

  listModels(): ReturnType<AggregatorService["listModels"]> {
    return this.#registry.models();
  }

  listVersions(model: ModelName, page?: PageRequest): Promise<VersionView[]> {
    return this.#registry.versions(model, page);
  }

  getVersion(model: ModelName, version: number): ReturnType<AggregatorService["getVersion"]> {
    return this.#registry.version(model, version);
  }

  async importModel(request: ModelImport): Promise<ImportReport> {
    const { record, ...found } = await importModel(this.parts, request);
    await this.parts.imported(record);
    return { version: (await this.getVersion(request.model, record.version)).version, ...found };
  }

  async exportVersion(model: ModelName, version: number, format: ExportFormat): Promise<Uint8Array> {
    const record = await this.#registry.record(model, version);
    const { manifest } = await this.#registry.version(model, version);
    return exportVersion(this.parts.blobs, { record, manifest }, format);
  }

  readBlob(ref: BlobRef): Promise<Uint8Array> {
    return this.parts.blobs.get(ref.sha256);
  }

  fleet(): Promise<FleetView> {
    return this.parts.store.countDevices();
  }

  listDevices(page?: PageRequest): ReturnType<AggregatorService["listDevices"]> {
    return this.parts.store.listDevices(page);
  }

  async findDevices(page?: PageRequest, filter?: DeviceFilter): Promise<DevicePage> {
    const { store } = this.parts;
    if (filter !== undefined) return listFiltered(store, filter, page);
    const [devices, { total }] = await Promise.all([store.listDevices(page), store.countDevices()]);
    return { devices, total };
  }

  async getDevice(deviceId: DeviceId): ReturnType<AggregatorService["getDevice"]> {
    const device = await this.parts.store.getDevice(deviceId);
    if (device === undefined)
      throw new FedgeError("DEVICE_UNKNOWN", `there is no device "${deviceId}"; see \`fedge device list\``);
    return device;
  }

  deviceForgotten(deviceId: DeviceId): Promise<void> {
    return this.parts.fleet.forget(deviceId);
  }

  onEvent(listener: (event: ServiceEvent) => void): () => void {
    return this.parts.onEvent(listener);
  }

  async #task(taskId: TaskId): Promise<TaskRecord> {
    const task = await this.parts.store.getTask(taskId);
    if (task === undefined)
      throw new FedgeError("TASK_UNKNOWN", `there is no task "${taskId}"; see \`fedge task list\``);
    return task;
  }

  async #view(task: TaskRecord): Promise<TaskView> {
    const { taskId, model } = task.config;
    const rounds = await this.parts.store.countRounds(taskId);
    const latest = await this.parts.store.latestVersion(model);
    const evaluations = await this.parts.store.listEvaluations(model);
    const accuracies = evaluations.flatMap((evaluation) =>
      evaluation.accuracy === null ? [] : [evaluation.accuracy],
    );
    return {
      ...task,
      numRounds: rounds,
      latestVersion: latest?.version ?? null,
      bestAccuracy: accuracies.length === 0 ? null : Math.max(...accuracies),
      liveRound: this.#live(taskId),
    };
  }

  #live(taskId: TaskId): LiveRound | null {
    const runner = this.parts.tasks.runnerOf(taskId);
    const round = runner?.round ?? null;
    if (runner === undefined || round === null) return null;
    const { state } = round;
    return {
      ...state.record,
      ...round.summary(),
      phase: state.phase,
      numWaiting: runner.pool.size,
      numTraining: countMembers(state, "assigned"),
      numUploading: countMembers(state, "waiting", "uploading", "checking"),
    };
  }
}
