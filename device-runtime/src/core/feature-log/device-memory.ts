import { FedgeError, type ModelName } from "@fedge/protocol";
import type { FeatureLogView } from "../device-interface.js";
import type { TrainingData } from "../ports/application.js";
import type { DevicePorts } from "../ports/ports.js";
import type { ModelHost, PredictionRecorder } from "../serving/model-host.js";
import type { TensorLike } from "../serving/tensor-types.js";
import { numClassesOf } from "./class-labels.js";
import { FeatureLog } from "./feature-log.js";
import { labelledExamples } from "./labelled-examples.js";
import { toLogLimits, type LogLimits } from "./log-limits.js";
import { createLogRecorder } from "./log-recorder.js";
import type { LogField } from "./log-row.js";
import { PredictionIds } from "./prediction-ids.js";
import type { FeedbackListener, PredictionLog } from "./prediction-log.js";

export interface DeviceMemoryParts {
  readonly ports: Pick<DevicePorts, "store" | "clock" | "random">;
  readonly limits: Partial<LogLimits> | false;
  /** Who hears what the app says of its predictions; null for nobody. */
  readonly listener: () => FeedbackListener | null;
  /** Rows were erased; resolves when what was counted of them is, too. */
  readonly onErased: () => Promise<void> | undefined;
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/** A device's feature log with what writes to it and reads from it; or nothing, where the app wants none. */
export class DeviceMemory {
  readonly recorder: PredictionRecorder;
  readonly view: FeatureLogView;
  readonly #ids: PredictionIds;
  readonly #log: FeatureLog | null;

  constructor(private readonly parts: DeviceMemoryParts) {
    const { ports, limits: given, onChange, onError } = parts;
    const limits = toLogLimits(given === false ? {} : given);
    const { store, clock, random } = ports;
    const log = given === false ? null : new FeatureLog({ store, clock, limits, onChange, onError });
    this.#ids = new PredictionIds(clock, random.fork("predictions"));
    this.#log = log;
    this.recorder = createLogRecorder(this.#ids, log, limits.maxOutputBytes);
    this.view = {
      query: (query) => log?.query(query) ?? Promise.resolve([]),
      erase: async (selection) => {
        const numErased = (await log?.erase(selection)) ?? 0;
        await parts.onErased();
        return numErased;
      },
    };
  }

  get totals(): { readonly numRows: number; readonly sizeBytes: number } {
    const { numRows, sizeBytes } = this.#log?.totals ?? { numRows: 0, sizeBytes: 0 };
    return { numRows, sizeBytes };
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
    if (log === null) return given;
    const own = [...hosts].map(([model, host]) => {
      const numClasses = (): number | null =>
        host.active === null ? null : numClassesOf(host.active.manifest);
      return [model, labelledExamples(log, model, numClasses)] as const;
    });
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

  /** On demand: most visits to a page say nothing of a prediction before it has been made. */
  async #predictions(hosts: ReadonlyMap<ModelName, ModelHost>): Promise<PredictionLog> {
    const log = this.#log;
    if (log === null)
      throw new FedgeError("PREDICTION_UNKNOWN", "this device keeps no feature log; give it limits for one");
    const { ports, listener } = this.parts;
    const { PredictionLog } = await import("../on-demand.js");
    return new PredictionLog(log, hosts, () => ports.clock.nowMs(), listener());
  }
}
