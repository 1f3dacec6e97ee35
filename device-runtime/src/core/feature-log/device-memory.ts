import { FedgeError, ownValue, type ModelName } from "@fedge/protocol";
import type { FeatureLogView, LogStatus } from "../device-interface.js";
import type { TrainingData } from "../ports/application.js";
import type { DevicePorts } from "../ports/ports.js";
import type { ModelHost, PredictionRecorder } from "../serving/model-host.js";
import type { TensorLike } from "../serving/tensor-types.js";
import { logView } from "./export-log.js";
import { FeatureLog } from "./feature-log.js";
import { LOG_RULES, areLogOptions, limitsOf, type LogLimits, type LogOptions } from "./log-limits.js";
import type { LogSelection } from "./log-selection.js";
import { createLogRecorder, type PredictionMemory } from "./log-recorder.js";
import type { LogField, LogRow } from "./log-row.js";
import { PredictionIds } from "./prediction-ids.js";
import type { FeedbackListener, PredictionLog } from "./prediction-log.js";
import type { RecentPredictions } from "./recent-predictions.js";
import type { ExplainerNeeds, RowExplainer } from "./row-explainer.js";
import { loadOnDemand } from "../load-on-demand.js";

const NOTHING_KEPT = { maxRows: 0, maxBytes: 0, maxAgeMs: 0 };

export interface DeviceMemoryParts {
  readonly ports: Pick<DevicePorts, "store" | "clock" | "random" | "serving" | "newStop">;
  readonly options: LogOptions | false;
  /** Asked once, by a device that explains predictions. */
  readonly explaining: () => ExplainerNeeds;
  /** Who hears what the app says of its predictions; null for nobody. */
  readonly listener: () => FeedbackListener | null;
  /** Rows were erased; resolves when what was counted of them is, too. */
  readonly onErased: () => Promise<void> | undefined;
  readonly onChange: () => void;
  /** Rows are going to be erased from which these models learn; erasing waits for it. */
  readonly onErasing: (models: readonly string[]) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Without a log: answers of so many bytes are remembered for their label. */
const RECENT_OUTPUT_BYTES = 16_384;

/**
 * A device's feature log with what writes to it and reads from it; where the app wants none, the last predictions in
 * memory, so that labels still count.
 */
export class DeviceMemory {
  readonly recorder: PredictionRecorder;
  readonly view: FeatureLogView;
  readonly #ids: PredictionIds;
  readonly #log: FeatureLog | null;
  #recent: RecentPredictions | null = null;
  #explainer: RowExplainer | null = null;
  readonly #limits: LogLimits;
  #erasing: Promise<unknown> = Promise.resolve();
  /** Models that learn from what the app gives. */
  #taughtByApp: readonly string[] = [];

  constructor(private readonly parts: DeviceMemoryParts) {
    const { ports, options: given, onChange, onErasing, onError } = parts;
    const options = given === false ? {} : given;
    const limits = limitsOf(options);
    const { store, clock, random } = ports;
    const log = new FeatureLog({
      ...{ store, clock, limits, onChange, onError },
      ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
      onErasing: (models) => onErasing(models.filter((model) => !this.#taughtByApp.includes(model))),
    });
    this.#limits = limits;
    this.#ids = new PredictionIds(clock, random.fork("predictions"));
    this.#log = given === false ? null : log;
    const maxOutputBytes = given === false ? RECENT_OUTPUT_BYTES : limits.maxOutputBytes;
    this.recorder = createLogRecorder(this.#ids, () => this.#remembering, maxOutputBytes);
    this.view = logView({
      query: async (query) => (await this.#kept?.query(query)) ?? [],
      erase: (selection) => {
        const erased = this.#erase(selection);
        this.#erasing = Promise.allSettled([this.#erasing, erased]);
        return erased;
      },
      status: () => this.status,
    });
  }

  get totals(): { readonly numRows: number; readonly sizeBytes: number } {
    return { numRows: this.#log?.numRows ?? 0, sizeBytes: this.#log?.totals.sizeBytes ?? 0 };
  }

  get status(): LogStatus {
    const { maxRows, maxBytes, maxAgeMs } = this.#log === null ? NOTHING_KEPT : this.#limits;
    return { ...this.totals, maxRows, maxBytes, maxAgeMs, purpose: this.#log?.purpose ?? null };
  }

  /** Throws OPTION_INVALID, STORAGE_FAILED. */
  async restore(): Promise<void> {
    const { options } = this.parts;
    if (options !== false && !areLogOptions(options))
      throw (await loadOnDemand()).wrongLogOption(options, LOG_RULES);
    if (this.#log === null) await this.#remember().catch(this.parts.onError);
    await this.#log?.restore();
    const lastId = this.#log?.lastId;
    if (lastId !== undefined) this.#ids.after(lastId);
    await this.#explain();
  }

  /** Labelled predictions as training data of the models for which the app gives none. */
  trainingData(
    hosts: ReadonlyMap<ModelName, ModelHost>,
    given: Readonly<Record<string, TrainingData>>,
  ): Readonly<Record<string, TrainingData>> {
    const log = this.#log;
    this.#taughtByApp = Object.keys(given);
    // Models are looked up by their names, of which one may be that of what every object has.
    const all = Object.create(null) as Record<string, TrainingData>;
    if (log !== null) for (const [model, host] of hosts) all[model] = labelledIn(log, model, host);
    return Object.assign(all, given);
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

  /** Changes what is remembered of a prediction, for what is counted of it later. As `FeatureLog.amend` has it. */
  async amend(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    await this.#remembering?.amend(id, to);
  }

  /** What is being erased is erased everywhere; what comes later is told CLOSED. */
  async close(): Promise<void> {
    await this.#explainer?.close();
    await this.#kept?.close();
    await this.#erasing;
  }

  async #erase(selection: LogSelection | undefined): Promise<number> {
    const numErased = (await this.#kept?.erase(selection)) ?? 0;
    await this.parts.onErased();
    return numErased;
  }

  get #kept(): FeatureLog | RecentPredictions | null {
    return this.#log ?? this.#recent;
  }

  get #remembering(): PredictionMemory | null {
    return this.#explainer ?? this.#kept;
  }

  async #remember(): Promise<void> {
    const { RecentPredictions } = await loadOnDemand();
    this.#recent = new RecentPredictions(() => this.parts.ports.clock.nowMs());
  }

  /** Where its code cannot be fetched, as in a page that is out of touch, rows stay without explanations. */
  async #explain(): Promise<void> {
    const { ports, options, explaining, onError } = this.parts;
    const every = options === false ? undefined : options.explainEvery;
    const log = this.#log;
    if (log === null || every === undefined) return;
    const code = await loadOnDemand().catch(onError);
    if (code) this.#explainer = new code.RowExplainer({ ...explaining(), ports, log, every, onError });
  }

  async #predictions(hosts: ReadonlyMap<ModelName, ModelHost>): Promise<PredictionLog> {
    const log = this.#remembering;
    if (log === null)
      throw new FedgeError("PREDICTION_UNKNOWN", "this device remembers no predictions; see its problems");
    const { PredictionLog } = await loadOnDemand();
    const { ports, listener } = this.parts;
    return new PredictionLog(log, hosts, () => ports.clock.nowMs(), listener());
  }
}

/** The labelled rows of a model as its training data. An older version of the model may have had other classes. */
function labelledIn(log: FeatureLog, model: ModelName, host: ModelHost): TrainingData {
  return {
    numExamples: () => ownValue(log.totals.numExamples, model) ?? 0,
    examples: async (maxExamples) => {
      const { loggedExamples, numClassesOf } = await loadOnDemand();
      const manifest = host.active?.manifest;
      return loggedExamples(
        log,
        { model, numClasses: manifest ? numClassesOf(manifest) : null },
        maxExamples,
      );
    },
  };
}
