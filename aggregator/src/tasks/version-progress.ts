import { FedgeError, type ModelName } from "@fedge/protocol";
import type { VersionRecord } from "../rounds/journal.js";
import type { EvaluationRecord } from "../store/port.js";
import type { TaskPorts } from "./ports.js";
import type { TaskConfig } from "./task-config.js";
import { loadVersion } from "./version-maker.js";

/**
 * What follows a committed version: evaluation and release. Evaluation runs beside the next round and is awaited
 * before that round commits, so the newest unevaluated version is never more than one ahead.
 */
export class VersionProgress {
  #pending: Promise<void> = Promise.resolve();
  /** Beside the rounds: devices may be asked for their opinion, which takes minutes. */
  #proposing: Promise<void> = Promise.resolve();
  #isTargetReached = false;
  #numSinceRelease = 0;
  #latest: VersionRecord | null = null;
  #released = 0;

  constructor(
    private readonly config: TaskConfig,
    private readonly ports: TaskPorts,
    private readonly onTargetReached: () => void,
  ) {}

  get isTargetReached(): boolean {
    return this.#isTargetReached;
  }

  /** Resolves when the newest committed version is evaluated. */
  settled(): Promise<void> {
    return this.#pending;
  }

  /** Measures the version that the task begins with, so that there is something to compare its work with. */
  async begin(): Promise<void> {
    const latest = await this.ports.store.latestVersion(this.#model);
    if (latest === undefined) return;
    const evaluations = await this.ports.store.listEvaluations(this.#model);
    const isMeasured = evaluations.some(
      ({ version, dataSet }) => version === latest.version && !dataSet.startsWith("devices:"),
    );
    if (!isMeasured) this.#pending = this.#evaluate(latest);
  }

  async committed(version: number, { isLast }: { readonly isLast: boolean }): Promise<void> {
    const record = await this.ports.store.getVersion(this.#model, version);
    if (record === undefined)
      throw new FedgeError("VERSION_UNKNOWN", `version ${version} is committed but not in the store`);
    this.#latest = record;
    this.#numSinceRelease += 1;
    this.ports.counters.count("fedge_versions_total", { model: this.#model });
    await this.ports.versionCommitted(record);
    this.ports.emit({ type: "version-committed", model: this.#model, version });
    this.#pending = this.#evaluate(record);
    if (isLast) await this.#pending;
    if (this.config.autopilot !== undefined) return this.#propose(record, isLast);
    const { release } = this.config;
    if (release !== undefined && this.#numSinceRelease >= release.everyVersions) await this.releaseLatest();
  }

  /** Beside the next round, once the version is measured. A proposal that fails leaves the training as it is. */
  #propose({ version }: VersionRecord, isLast: boolean): void {
    if (this.#numSinceRelease < (this.config.autopilot?.everyGoodRounds ?? 1) && !isLast) return;
    this.#numSinceRelease = 0;
    this.#proposing = Promise.all([this.#pending, this.#proposing])
      .then(() => this.ports.autopilot.consider(this.config, version))
      .then(
        () => undefined,
        (error: unknown) => {
          this.ports.logger.error({ err: error, version }, "a version could not be proposed for a rollout");
          this.ports.counters.count("fedge_proposals_failed_total");
        },
      );
  }

  /** Makes the newest version the fleet's desired one, if it is not yet; not where rollouts do that, or a person. */
  async releaseLatest(): Promise<void> {
    if (this.config.autopilot !== undefined || this.config.release === undefined) return;
    const latest = this.#latest ?? (await this.ports.store.latestVersion(this.#model)) ?? null;
    if (latest === null || latest.version === this.#released) return;
    this.#released = latest.version;
    this.#numSinceRelease = 0;
    await this.ports.releases.release(this.#model, latest);
  }

  get #model(): ModelName {
    return this.config.model;
  }

  async #evaluate(record: VersionRecord): Promise<void> {
    const evaluation = await this.#measure(record);
    if (evaluation === undefined) return;
    await this.ports.store.saveEvaluation(evaluation);
    await this.ports.versionEvaluated(evaluation);
    this.ports.emit({ type: "version-evaluated", evaluation });
    const { targetAccuracy } = this.config;
    if (targetAccuracy !== null && evaluation.accuracy !== null && evaluation.accuracy >= targetAccuracy) {
      this.#isTargetReached = true;
      this.onTargetReached();
    }
  }

  /** A version that cannot be evaluated is still a version; its page says that the number is missing. */
  async #measure(record: VersionRecord): Promise<EvaluationRecord | undefined> {
    try {
      const { manifest } = await loadVersion(this.ports.blobs, record);
      return await this.ports.evaluator.evaluate(record, manifest);
    } catch (error) {
      this.ports.logger.error({ err: error, version: record.version }, "held-out evaluation failed");
      this.ports.counters.count("fedge_evaluations_failed_total");
      return undefined;
    }
  }
}
