import { FedgeError, type ModelName } from "@fedge/protocol";
import type { FeatureLogView, LogStatus } from "../device-interface.js";
import type { TrainingData } from "../ports/application.js";
import type { DevicePorts } from "../ports/ports.js";
import type { ModelHost, PredictionRecorder } from "../serving/model-host.js";
import type { TensorLike } from "../serving/tensor-types.js";
import { exportLog } from "./export-log.js";
import { FeatureLog } from "./feature-log.js";
import { toLogLimits, type LogLimits, type LogOptions } from "./log-limits.js";
import { createLogRecorder } from "./log-recorder.js";
import type { LogField } from "./log-row.js";
import { PredictionIds } from "./prediction-ids.js";
import type { FeedbackListener, PredictionLog } from "./prediction-log.js";

const NOTHING_KEPT = { maxRows: 0, maxBytes: 0, maxAgeMs: 0 };

export interface DeviceMemoryParts {
  readonly ports: Pick<DevicePorts, "store" | "clock" | "random">;
  readonly options: LogOptions | false;
  /** Who hears what the app says of its predictions; null for nobody. */
  readonly listener: () => FeedbackListener | null;
  /** Rows were erased; resolves when what was counted of them is, too. */
  readonly onErased: () => Promise<void> | undefined;
  readonly onChange: () => void;
  /** Rows are going to be erased from which these models learn; erasing waits for it. */
  readonly onErasing: (models: readonly string[]) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** A device's feature log with what writes to it and reads from it; or nothing, where the app wants none. */
export class DeviceMemory {
  readonly recorder: PredictionRecorder;
  readonly view: FeatureLogView;
  readonly #ids: PredictionIds;
  readonly #log: FeatureLog | null;
  readonly #limits: LogLimits;
  /** Models that learn from what the app gives. */
  #taughtByApp: readonly string[] = [];

  constructor(private readonly parts: DeviceMemoryParts) {
    const { ports, options: given, onChange, onErasing, onError } = parts;
    const options = given === false ? {} : given;
    const limits = toLogLimits(options);
    const { store, clock, random } = ports;
    const log = new FeatureLog({
      ...{ store, clock, limits, onChange, onError },
      ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
      onErasing: (models) => onErasing(models.filter((model) => !this.#taughtByApp.includes(model))),
    });
    this.#limits = limits;
    this.#ids = new PredictionIds(clock, random.fork("predictions"));
    this.#log = given === false ? null : log;
    this.recorder = createLogRecorder(this.#ids, this.#log, limits.maxOutputBytes);
    this.view = {
      query: async (query) => (await this.#log?.query(query)) ?? [],
      erase: async (selection) => {
        const numErased = (await this.#log?.erase(selection)) ?? 0;
        await parts.onErased();
        return numErased;
      },
      export: (selection) => exportLog(this.view.query, () => this.status, selection),
    };
  }

  get totals(): { readonly numRows: number; readonly sizeBytes: number } {
    const { numRows, sizeBytes } = this.#log?.totals ?? { numRows: 0, sizeBytes: 0 };
    return { numRows, sizeBytes };
  }

  get status(): LogStatus {
    const { maxRows, maxBytes, maxAgeMs } = this.#log === null ? NOTHING_KEPT : this.#limits;
    return { ...this.totals, maxRows, maxBytes, maxAgeMs, purpose: this.#log?.purpose ?? null };
  }

  async restore(): Promise<void> {
    await this.#log?.restore();
    const lastId = this.#log?.lastId;
    if (lastId !== undefined) this.#ids.after(lastId);
  }

  /** Labelled predictions as training data of the models for which the app gives none. */
  trainingData(
    hosts: ReadonlyMap<ModelName, ModelHost>,
    given: Readonly<Record<string, TrainingData>>,
  ): Readonly<Record<string, TrainingData>> {
    const log = this.#log;
    this.#taughtByApp = Object.keys(given);
    if (log === null) return given;
    const own = [...hosts].map(([model, host]) => [model, labelledIn(log, model, host)] as const);
    return { ...Object.fromEntries(own), ...given };
  }

  async note(
    hosts: ReadonlyMap<ModelName, ModelHost>,
    id: string,
    fields: Readonly<Record<string, LogField>>,
  ): Promise<void> {
    return (await this.#predictions(hosts)).note(id, fields);
  }

  async label(hosts: ReadonlyMap<ModelName, ModelHost>, id: string, truth: TensorLike): Promise<void> {
    return (await this.#predictions(hosts)).label(id, truth);
  }

  async close(): Promise<void> {
    await this.#log?.close();
  }

  async #predictions(hosts: ReadonlyMap<ModelName, ModelHost>): Promise<PredictionLog> {
    const log = this.#log;
    if (log === null)
      throw new FedgeError("PREDICTION_UNKNOWN", "this device keeps no feature log; give it limits for one");
    const { PredictionLog } = await import("../on-demand.js");
    const { ports, listener } = this.parts;
    return new PredictionLog(log, hosts, () => ports.clock.nowMs(), listener());
  }
}

/** The labelled rows of a model as its training data. An older version of the model may have had other classes. */
function labelledIn(log: FeatureLog, model: ModelName, host: ModelHost): TrainingData {
  return {
    numExamples: () => log.totals.numExamples[model] ?? 0,
    examples: async (maxExamples) => {
      const { loggedExamples, numClassesOf } = await import("../on-demand.js");
      const numClasses = host.active === null ? null : numClassesOf(host.active.manifest);
      return loggedExamples(log, { model, numClasses }, maxExamples);
    },
  };
}
