import {
  errorCodeOf,
  type Abort,
  type CheckIn,
  type DeviceId,
  type Report,
  type RoundDown,
  type RoundId,
} from "@fedge/protocol";
import type { RoundRecord } from "../rounds/journal.js";
import { cohortSize, selectCohort } from "../rounds/cohort.js";
import { Pool } from "../rounds/pool.js";
import { outstandingDevices, replayRound, resumeEffects } from "../rounds/round-journal.js";
import type { RoundRunner } from "../rounds/round-runner.js";
import { openRound, type RoundState } from "../rounds/round-state.js";
import type { TaskRecord } from "../store/port.js";
import { beginFold } from "./begin-fold.js";
import { blobsToTrain } from "./blobs-to-train.js";
import type { TaskConfig, TaskStatus } from "./task-config.js";
import { createRoundRunner, UPLOAD_SLOTS } from "./round-factory.js";
import type { TaskPorts } from "./ports.js";
import { loadBase } from "./load-base.js";
import { Separation, recallSelections } from "./separation.js";
import { VersionProgress } from "./version-progress.js";
import type { LoadedVersion } from "./version-maker.js";

/** A store that did not answer is asked again after so long. */
const TAKE_UP_AGAIN_MS = 5000;

/** Runs one task: pool, rounds one after the other, and what follows each of them. */
export class TaskRunner {
  readonly config: TaskConfig;
  readonly pool: Pool;
  readonly #progress: VersionProgress;
  readonly #separation: Separation;
  #runner: RoundRunner | null = null;
  #roundNumber = 0;
  #isClosed = false;
  #after: Promise<void> = Promise.resolve();
  #isSelecting = false;
  #isStopping = false;
  #cancelPause: () => void = () => undefined;

  constructor(
    task: TaskRecord,
    private readonly ports: TaskPorts,
    private readonly onEnded: (status: TaskStatus, reason: string) => Promise<void>,
  ) {
    this.config = task.config;
    const { poolLimit, poolWaitMs, minSeparationRounds } = this.config.round;
    const onExpired = (deviceId: DeviceId): void => this.#reject(deviceId, "not-selected");
    this.pool = new Pool({ clock: ports.clock, limit: poolLimit, waitMs: poolWaitMs, onExpired });
    this.#progress = new VersionProgress(this.config, ports, () => void this.#stopRound());
    this.#separation = new Separation(minSeparationRounds);
  }

  get round(): RoundRunner | null {
    return this.#runner;
  }

  /** Takes up where the journal ends, or opens the first round. */
  async start(): Promise<void> {
    this.#roundNumber = await this.ports.store.countRounds(this.config.taskId);
    await this.#progress.begin();
    await recallSelections(this.#separation, this.ports.store, this.config);
    const open = await this.ports.store.openRoundOf(this.config.taskId);
    if (open === undefined) return this.#next();
    const base = await loadBase(this.ports, this.config.model, open.round.baseVersion);
    const state = replayRound(open.round, this.config.round, {
      uploadSlots: UPLOAD_SLOTS,
      events: open.events,
    });
    await this.#runRound(state, base, open.events.length);
    for (const deviceId of outstandingDevices(state)) {
      if (!this.ports.isOnline(deviceId)) void this.#runner?.dispatch({ type: "lost", deviceId });
    }
  }

  checkIn(deviceId: DeviceId, message: CheckIn): void {
    const member = this.#runner?.state.members.get(deviceId);
    if (member !== undefined && this.#isOpenMember(deviceId)) {
      void this.#runner?.dispatch({ type: "returned", deviceId });
      if (this.#runner !== null) this.#runner.run([{ type: "assign", deviceId }]);
      return;
    }
    const numExamples = message.models.find((entry) => entry.model === this.config.model)?.numExamples ?? 0;
    if (numExamples < this.config.training.minExamples) return this.#reject(deviceId, "too-few-examples");
    if (!this.pool.add(deviceId)) return this.#reject(deviceId, "pool-full");
    this.ports.outbox.send(deviceId, { type: "queued", answerWithinMs: this.config.round.poolWaitMs });
    this.#select();
  }

  /** False when the report is of no round of this task that is in memory. */
  report(deviceId: DeviceId, report: Report): boolean {
    if (this.#runner?.state.record.roundId !== report.roundId) return false;
    this.#runner.report(deviceId, report);
    return true;
  }

  abort(deviceId: DeviceId, abort: Abort): boolean {
    if (this.#runner?.state.record.roundId !== abort.roundId) return false;
    this.#runner.abort(deviceId, abort);
    return true;
  }

  block(deviceId: DeviceId, frame: Uint8Array): void {
    this.#runner?.block(deviceId, frame);
  }

  hasMember(deviceId: DeviceId): boolean {
    return this.#isOpenMember(deviceId);
  }

  deviceLost(deviceId: DeviceId): void {
    this.pool.remove(deviceId);
    if (this.#isOpenMember(deviceId)) void this.#runner?.dispatch({ type: "lost", deviceId });
  }

  deviceReturned(deviceId: DeviceId): void {
    if (this.#isOpenMember(deviceId)) void this.#runner?.dispatch({ type: "returned", deviceId });
  }

  /** Ends the open round without a version and sends everyone home. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#stopRound();
    await this.#progress.settled();
    void this.close();
    for (const deviceId of this.pool.drain()) this.#reject(deviceId, "no-task");
  }

  /** Resolves when nothing that follows the last round is being done any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelPause();
    this.#runner?.close();
    void this.ports.fold.close();
    await Promise.allSettled([this.#after, this.#progress.settled()]);
  }

  async #stopRound(): Promise<void> {
    await this.#runner?.dispatch({ type: "stopped", atMs: this.ports.clock.nowMs(), reason: "task-stopped" });
  }

  async #next(): Promise<void> {
    if (this.#isClosed || this.#isStopping) return;
    if (this.#roundNumber >= this.config.maxRounds)
      return this.#end("completed", `all ${this.config.maxRounds} rounds are over`);
    const base = await loadBase(this.ports, this.config.model, null);
    const number = this.#roundNumber + 1;
    const round: RoundRecord = {
      roundId: this.ports.newRoundId(this.config.taskId, number) as RoundId,
      taskId: this.config.taskId,
      number,
      baseVersion: base.record.version,
      openedAtMs: this.ports.nowMs(),
    };
    await this.ports.store.openRound(round);
    this.#roundNumber = number;
    if (this.#isClosed) return;
    await this.#runRound(openRound(round, this.config.round, UPLOAD_SLOTS), base, 0);
  }

  async #runRound(state: RoundState, base: LoadedVersion, numJournaled: number): Promise<void> {
    await this.ports.publisher.hold(`task/${this.config.taskId}`, blobsToTrain(base));
    const isWhole = await beginFold(this.ports, this.config, { base, snapshot: state.snapshot });
    if (this.#isClosed) return;
    const runner = createRoundRunner(state, {
      ports: this.ports,
      config: this.config,
      base,
      numJournaled,
      beforeCommit: () => this.#progress.settled(),
      isWanted: () => !this.#progress.isTargetReached,
      onSelectionExpired: () => this.#selectLate(),
      onFinished: (finished) => void (this.#after = this.#afterRound(finished)),
      onHalted: () => this.#takeUpAgain(),
    });
    this.#runner = runner;
    if (isWhole) runner.run(resumeEffects(state));
    else
      void runner.dispatch({ type: "stopped", atMs: this.ports.clock.nowMs(), reason: "aggregation-failed" });
    this.#select();
    this.ports.emit({ type: "round-changed", taskId: this.config.taskId, roundId: state.record.roundId });
  }

  /** Starts the round as soon as enough devices wait. The cohort depends on who waits, not on who came first. */
  #select(): void {
    const runner = this.#runner;
    if (runner === null || runner.state.phase !== "selecting" || this.#isSelecting) return;
    const available = this.#available(runner);
    if (available.length >= this.config.round.minAvailable) this.#selectFrom(runner, available);
  }

  /** At the deadline of the selection whoever waits will do, if they are enough for a version. */
  #selectLate(): void {
    const runner = this.#runner;
    if (runner === null || this.#isSelecting) return;
    const available = this.#available(runner);
    if (available.length >= this.config.round.minReports) return this.#selectFrom(runner, available);
    const atMs = this.ports.nowMs();
    void runner.dispatch({ type: "selection-failed", atMs, numAvailable: available.length });
  }

  #available(runner: RoundRunner): DeviceId[] {
    const { number } = runner.state.record;
    return this.pool.devices().filter((deviceId) => this.#separation.allows(deviceId, number));
  }

  #selectFrom(runner: RoundRunner, available: readonly DeviceId[]): void {
    const { number } = runner.state.record;
    const { goalReports, overSelection } = this.config.round;
    const size = cohortSize(goalReports, overSelection);
    const devices = selectCohort(available, { size, seed: this.config.seed, roundNumber: number });
    for (const deviceId of devices) this.pool.remove(deviceId);
    this.#separation.selected(devices, number);
    this.#isSelecting = true;
    void runner
      .dispatch({ type: "cohort-selected", atMs: this.ports.nowMs(), devices })
      .finally(() => (this.#isSelecting = false));
  }

  async #afterRound(state: RoundState): Promise<void> {
    try {
      const summary = this.#runner?.summary();
      if (summary !== undefined && state.phase === "abandoned") {
        await this.ports.store.updateRoundSummary(state.record.roundId, summary);
      }
      this.#countRound(state);
      this.ports.emit({ type: "round-changed", taskId: this.config.taskId, roundId: state.record.roundId });
      if (this.#isClosed || this.#isStopping) return;
      if (state.version !== null)
        await this.#progress.committed(state.version, { isLast: this.#roundNumber >= this.config.maxRounds });
      if (this.#progress.isTargetReached)
        return await this.#end("completed", "the target accuracy is reached");
      this.#pauseThenNext(state);
    } catch (error) {
      await this.failed(error);
    }
  }

  #countRound({ phase: outcome, record }: RoundState): void {
    const seconds = (this.ports.nowMs() - record.openedAtMs) / 1000;
    this.ports.counters.count("fedge_rounds_total", { outcome });
    this.ports.counters.observe("fedge_round_seconds", seconds, { outcome });
  }

  #pauseThenNext(state: RoundState): void {
    const { pauseBetweenRoundsMs, retryAfterRound } = this.config.round;
    const delayMs =
      state.phase === "abandoned"
        ? Math.max(pauseBetweenRoundsMs, retryAfterRound.minMs)
        : pauseBetweenRoundsMs;
    const next = (): void => void this.#next().catch((error: unknown) => this.failed(error));
    if (delayMs === 0) return next();
    this.#cancelPause = this.ports.clock.after(delayMs, next);
  }

  async #end(status: TaskStatus, reason: string): Promise<void> {
    if (this.#isClosed) return;
    await this.#progress.releaseLatest();
    void this.close();
    this.ports.publisher.release(`task/${this.config.taskId}`);
    await this.onEnded(status, reason);
    for (const deviceId of this.pool.drain()) this.#reject(deviceId, "no-task");
  }

  /** The journal is the truth: once the store answers again, the task goes on from there. */
  #takeUpAgain(): void {
    if (this.#isClosed || this.#isStopping) return;
    this.#runner = null;
    this.#cancelPause = this.ports.clock.after(TAKE_UP_AGAIN_MS, () => {
      void this.start().catch((error: unknown) => this.failed(error));
    });
  }

  /** Ends the task, unless it is the store that does not answer. */
  async failed(error: unknown): Promise<void> {
    if (this.#isClosed) return;
    if (errorCodeOf(error) === "DATABASE_FAILED") return this.#takeUpAgain();
    this.ports.logger.error({ err: error, taskId: this.config.taskId }, "task failed");
    void this.close();
    await this.onEnded("failed", error instanceof Error ? error.message : String(error));
  }

  #isOpenMember(deviceId: DeviceId): boolean {
    const state = this.#runner?.state;
    return state?.phase === "reporting" && outstandingDevices(state).includes(deviceId);
  }

  #reject(deviceId: DeviceId, reason: Extract<RoundDown, { type: "rejected" }>["reason"]): void {
    this.ports.outbox.send(deviceId, {
      type: "rejected",
      reason,
      retryAfter: this.config.round.retryAfterRejection,
    });
  }
}
