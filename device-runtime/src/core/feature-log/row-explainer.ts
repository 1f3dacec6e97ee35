import { FedgeError, errorCodeOf, type ModelManifest } from "@fedge/protocol";
import { EvaluationPace } from "../evaluations/evaluation-pace.js";
import type { DevicePorts, StopController } from "../ports/ports.js";
import type { ModelHost } from "../serving/model-host.js";
import { ExplainingSessions, type ExplainingParts } from "./explaining-sessions.js";
import type { FeatureLog } from "./feature-log.js";
import type { PredictionMemory } from "./log-recorder.js";
import type { LogRow } from "./log-row.js";

/** Rows that wait; of more the newest are explained. */
const MAX_WAITING = 64;
/** How often a device that works for the fleet is asked whether it still does. */
const BUSY_MS = 1000;

/** What a device has for it once it is made. */
export interface ExplainerNeeds extends Pick<ExplainingParts, "fetcher"> {
  readonly hosts: ReadonlyMap<string, Pick<ModelHost, "active" | "before">>;
  /** Whether the device trains or measures for the fleet: explanations wait for that. */
  readonly learning: { readonly isBusy: boolean };
}

export interface RowExplainerParts extends ExplainerNeeds {
  readonly ports: Pick<DevicePorts, "serving" | "clock" | "newStop">;
  readonly log: Pick<FeatureLog, "append" | "writeIfEnough" | "change" | "amend" | "query">;
  /** Of each model's predictions so many come to one that is explained. */
  readonly every: number;
  readonly onError: (error: unknown) => void;
}

interface Waiting {
  readonly id: string;
  /** Of the version that answered. */
  readonly manifest: ModelManifest;
}

/**
 * The feature log, with an explanation in every n-th row: one at a time, when the app has its answer, nobody waits
 * for another one and the device does nothing for the fleet. Only ids wait here: a row that is erased meanwhile is gone.
 */
export class RowExplainer implements PredictionMemory {
  readonly #counts = new Map<string, number>();
  #waiting: readonly Waiting[] = [];
  /** Manifests of versions that the engine cannot explain. */
  readonly #failed = new Set<ModelManifest>();
  readonly #pace: EvaluationPace;
  readonly #stop: StopController;
  readonly #sessions: ExplainingSessions;
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();

  /** Throws OPTION_INVALID. */
  constructor(private readonly parts: RowExplainerParts) {
    const { every, ports, fetcher } = parts;
    if (!Number.isSafeInteger(every) || every < 1)
      throw new FedgeError(
        "OPTION_INVALID",
        `featureLog.explainEvery is ${String(every)}; give a whole number from 1, or leave it out`,
      );
    this.#pace = new EvaluationPace(ports.clock);
    this.#stop = ports.newStop();
    this.#sessions = new ExplainingSessions({ fetcher, engine: ports.serving, signal: this.#stop.signal });
  }

  append(row: LogRow): void {
    this.parts.log.append(row);
    const manifest = this.#isDue(row) ? this.#explicable(row) : null;
    if (manifest === null || this.#stop.signal.aborted) return;
    this.#waiting = [...this.#waiting, { id: row.id, manifest }].slice(-MAX_WAITING);
    if (!this.#isRunning) this.#running = this.#run();
  }

  /** Called for each request. */
  writeIfEnough(): void {
    this.#pace.stepAside();
    this.parts.log.writeIfEnough();
  }

  change(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    return this.parts.log.change(id, to);
  }

  amend(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    return this.parts.log.amend(id, to);
  }

  /** Resolves when nothing runs any more; what waits stays unexplained. The log is open until then. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#sessions.close();
  }

  #isDue({ model }: LogRow): boolean {
    const count = (this.#counts.get(model) ?? 0) + 1;
    this.#counts.set(model, count);
    return count % this.parts.every === 0;
  }

  /** The manifest of the version that answered; null when it has no graph for this engine, or that has failed. */
  #explicable({ model, version }: LogRow): ModelManifest | null {
    const { hosts, ports } = this.parts;
    const { active = null, before = null } = hosts.get(model) ?? {};
    const served = [active, before].find((each) => each?.manifest.version === version);
    // The store has no weights of a version that came with the app, and its server need not have it.
    const manifest = served?.releaseCounter === 0 ? undefined : served?.manifest;
    if (manifest?.graphs.attribution === undefined || ports.serving.form !== "onnx") return null;
    return this.#failed.has(manifest) ? null : manifest;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      await this.#turn();
      if (this.#stop.signal.aborted) return;
      // Newer rows may have taken its place meanwhile.
      [next] = this.#waiting;
      this.#waiting = this.#waiting.slice(1);
      if (next !== undefined) await this.#explain(next);
    }
    // At once, not when the promise is told: a row that comes in between must not wait for another one.
    this.#isRunning = false;
  }

  async #turn(): Promise<void> {
    const { signal } = this.#stop;
    do {
      while (this.parts.learning.isBusy && !signal.aborted) await this.#pace.wait(BUSY_MS, signal);
      await this.#pace.turn(signal);
    } while (this.parts.learning.isBusy && !signal.aborted);
  }

  async #explain({ id, manifest }: Waiting): Promise<void> {
    if (this.#failed.has(manifest)) return;
    const { log, onError } = this.parts;
    const { signal } = this.#stop;
    try {
      // Loading may have taken long: somebody may wait for an answer by now.
      if (await this.#sessions.prepare(manifest)) await this.#turn();
      const [row] = await log.query({ ids: [id] });
      // Erased, or evicted.
      if (row === undefined || signal.aborted) return;
      const explanation = await this.#sessions.explain(manifest, row.inputs);
      if (signal.aborted) return;
      await log.change(id, (now) => ({ ...now, explanation }));
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === "PREDICTION_UNKNOWN" || signal.aborted) return;
      if (code === "EXPLANATION_FAILED") this.#failed.add(manifest);
      onError(error);
    }
  }
}
