import { errorCodeOf, type Abort, type DeviceId, type Report, type RoundDown } from "@fedge/protocol";
import type { TaskConfig } from "../tasks/task-config.js";
import type { FoldQueue } from "./fold-queue.js";
import type { JournalEvent } from "./journal.js";
import type { RoundPorts } from "./ports.js";
import { summarizeRound } from "./round-journal.js";
import { stepRound } from "./round-machine.js";
import type { RoundEffect, RoundEvent, RoundState, RoundTimer } from "./round-state.js";
import { checkReport } from "./update-check.js";
import type { Uploads } from "./uploads.js";

/** How an aggregation ended: the version's event is durable already, a stop is not. */
export type RoundOutcome = Extract<JournalEvent, { type: "version-committed" | "stopped" }>;

export interface RoundRunnerOptions {
  readonly ports: RoundPorts;
  readonly config: TaskConfig;
  readonly numParameters: number;
  readonly uploads: (runner: RoundRunner) => Uploads;
  readonly foldQueue: (runner: RoundRunner) => FoldQueue;
  /** The assignment of this round for one device. */
  readonly assignment: (deviceId: DeviceId) => RoundDown;
  /**
   * Makes the round's version and gives what commits it together with the round's last journal entry; that runs only
   * if the round was not stopped meanwhile.
   */
  readonly aggregate: (runner: RoundRunner) => Promise<() => Promise<RoundOutcome>>;
  /** The selection took too long: the task begins with whoever waits, or gives the round up. */
  readonly onSelectionExpired: () => void;
  readonly onChange: () => void;
  readonly onFinished: (state: RoundState) => void;
  /** The journal cannot be written: the round stands still, and its durable state is what counts. */
  readonly onHalted: (error: unknown) => void;
  /** Journal entries that exist already. */
  readonly numJournaled: number;
}

/** Executes a round: feeds events to the machine one at a time, makes each durable, then runs its effects. */
export class RoundRunner {
  #state: RoundState;
  #numJournaled: number;
  #queue: Promise<unknown> = Promise.resolve();
  #isHalted = false;
  readonly #timers = new Map<string, () => void>();
  readonly #uploads: Uploads;
  readonly #foldQueue: FoldQueue;
  readonly #trafficAtStart: { readonly bytesUp: number; readonly bytesDown: number };

  constructor(
    state: RoundState,
    private readonly options: RoundRunnerOptions,
  ) {
    this.#state = state;
    this.#numJournaled = options.numJournaled;
    this.#uploads = options.uploads(this);
    this.#foldQueue = options.foldQueue(this);
    this.#trafficAtStart = options.ports.traffic();
  }

  get state(): RoundState {
    return this.#state;
  }

  get numJournaled(): number {
    return this.#numJournaled;
  }

  /** Queues an event. True when what it changed is durable and its effects have begun, false when the round has halted. */
  dispatch(event: RoundEvent): Promise<boolean> {
    return this.#enqueue(() => this.#step(event));
  }

  #enqueue(work: () => Promise<void>): Promise<boolean> {
    const done = this.#queue.then(async () => {
      if (this.#isHalted) return false;
      try {
        await work();
      } catch (error) {
        this.#halt(error);
      }
      return !this.#isHalted;
    });
    this.#queue = done;
    return done;
  }

  /** Runs effects that no event asked for: those with which a round begins or resumes. */
  run(effects: readonly RoundEffect[]): void {
    for (const effect of effects) this.#run(effect);
  }

  report(deviceId: DeviceId, report: Report): void {
    try {
      const { config, numParameters } = this.options;
      checkReport(report, { config, numParameters, baseVersion: this.#state.record.baseVersion });
    } catch (error) {
      this.#refuse("report-refused", deviceId, error);
      return;
    }
    void this.dispatch({ type: "returned", deviceId });
    void this.dispatch({ type: "reported", deviceId, report });
  }

  abort(deviceId: DeviceId, _abort: Abort): void {
    void this.dispatch({
      type: "device-left",
      atMs: this.options.ports.clock.nowMs(),
      deviceId,
      reason: "aborted",
    });
  }

  block(deviceId: DeviceId, frame: Uint8Array): void {
    try {
      this.#uploads.accept(deviceId, frame);
    } catch (error) {
      this.options.ports.counters.count("fedge_updates_refused_total", { code: errorCodeOf(error) });
    }
  }

  /** Refuses an update that was checked. */
  refuse(deviceId: DeviceId, error: unknown): void {
    this.#refuse("update-refused", deviceId, error);
  }

  #refuse(type: "report-refused" | "update-refused", deviceId: DeviceId, error: unknown): void {
    const code = errorCodeOf(error);
    this.options.ports.counters.count("fedge_updates_refused_total", { code });
    void this.dispatch({ type, atMs: this.options.ports.clock.nowMs(), deviceId, code });
  }

  /** Stops timers and uploads without an end of the round: the process ends, the journal stays. */
  close(): void {
    this.#isHalted = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#uploads.close();
    this.#foldQueue.close();
  }

  summary(): ReturnType<typeof summarizeRound> {
    const now = this.options.ports.traffic();
    const { bytesUp, bytesDown } = this.#trafficAtStart;
    return summarizeRound(this.#state, {
      bytesUp: now.bytesUp - bytesUp,
      bytesDown: now.bytesDown - bytesDown,
    });
  }

  async #step(event: RoundEvent): Promise<void> {
    const { state, effects, journal } = stepRound(this.#state, event);
    // The version's event is written in the transaction that makes the version.
    if (journal !== null && journal.type !== "version-committed") {
      await this.options.ports.store.appendEvents(state.record.roundId, this.#numJournaled, [journal]);
    }
    if (journal !== null) this.#numJournaled += 1;
    this.#state = state;
    if (this.#isHalted) return;
    for (const effect of effects) this.#run(effect);
    this.options.onChange();
  }

  #run(effect: RoundEffect): void {
    switch (effect.type) {
      case "arm-timer":
        return this.#arm(effect.timer, effect.delayMs);
      case "cancel-timer":
        return this.#cancel(timerKey(effect.timer));
      case "assign":
        return this.#send(effect.deviceId, this.options.assignment(effect.deviceId));
      case "proceed":
        return this.#proceed(effect.deviceId, effect.report);
      case "forget-upload":
        return this.#uploads.forget(effect.deviceId);
      case "fold":
        return this.#foldQueue.add(effect.deviceId, effect.report);
      case "receipt":
        return this.#receipt(effect);
      case "tell-closed":
        return this.#tellClosed(effect.deviceId, effect.reason);
      case "aggregate":
        return this.#aggregate();
      case "finish":
        return this.#finish();
    }
  }

  #proceed(deviceId: DeviceId, report: Report): void {
    const { roundId } = this.#state.record;
    const missing = this.#uploads.open(deviceId, report);
    if (missing.length > 0)
      this.#send(deviceId, { type: "proceed", roundId, attempt: report.attempt, missing });
  }

  #receipt(effect: Extract<RoundEffect, { type: "receipt" }>): void {
    const { ports, config } = this.options;
    const { roundId } = this.#state.record;
    const code = effect.code === null ? {} : { code: effect.code };
    ports.counters.count("fedge_updates_total", { outcome: effect.outcome });
    const retryAfter = config.round.retryAfterRound;
    this.#send(effect.deviceId, {
      type: "receipt",
      roundId,
      attempt: 1,
      outcome: effect.outcome,
      ...code,
      retryAfter,
    });
  }

  #tellClosed(deviceId: DeviceId, reason: Extract<RoundEffect, { type: "tell-closed" }>["reason"]): void {
    const { roundId } = this.#state.record;
    const retryAfter = this.options.config.round.retryAfterRound;
    this.#send(deviceId, { type: "round-closed", roundId, attempt: 1, reason, retryAfter });
  }

  #aggregate(): void {
    this.#foldQueue.close();
    void this.options.aggregate(this).then(
      (commit) => this.#enqueue(() => this.#commit(commit)),
      (error: unknown) => this.#abandonAggregation(error),
    );
  }

  /** In its turn: a stop comes before the version or after it, and never beside it. */
  async #commit(commit: () => Promise<RoundOutcome>): Promise<void> {
    if (this.#state.phase !== "aggregating") return;
    try {
      await this.#step(await commit());
    } catch (error) {
      // It is not known whether the version was made; the journal will tell.
      if (errorCodeOf(error) === "DATABASE_FAILED") throw error;
      this.#abandonAggregation(error);
    }
  }

  #abandonAggregation(error: unknown): void {
    const { logger, clock } = this.options.ports;
    if (this.#isHalted) return;
    logger.error(
      { err: error, roundId: this.#state.record.roundId },
      "aggregation failed; the round is abandoned",
    );
    void this.dispatch({ type: "stopped", atMs: clock.nowMs(), reason: "aggregation-failed" });
  }

  #finish(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#uploads.close();
    this.#foldQueue.close();
    this.options.onFinished(this.#state);
  }

  #send(deviceId: DeviceId, message: RoundDown): void {
    this.options.ports.outbox.send(deviceId, message);
  }

  #arm(timer: RoundTimer, delayMs: number): void {
    const key = timerKey(timer);
    this.#cancel(key);
    const cancel = this.options.ports.clock.after(delayMs, () => {
      this.#timers.delete(key);
      this.#expire(timer);
    });
    this.#timers.set(key, cancel);
  }

  #expire(timer: RoundTimer): void {
    const atMs = this.options.ports.clock.nowMs();
    switch (timer.kind) {
      case "selection":
        return this.options.onSelectionExpired();
      case "reporting":
        return void this.dispatch({ type: "reporting-expired", atMs });
      case "lost":
        return void this.dispatch({ type: "grace-expired", atMs, deviceId: timer.deviceId });
    }
  }

  #cancel(key: string): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }

  /** A store that does not answer must not be written past: the round stands still until it is taken up anew. */
  #halt(error: unknown): void {
    if (this.#isHalted) return;
    this.options.ports.logger.error(
      { err: error, roundId: this.#state.record.roundId },
      "round halted: its journal cannot be written",
    );
    this.close();
    this.options.onHalted(error);
  }
}

function timerKey(timer: RoundTimer): string {
  return timer.kind === "lost" ? `lost/${timer.deviceId}` : timer.kind;
}
