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
  /** Makes the round's version and journals it; or says that the task wants no further one. */
  readonly aggregate: (runner: RoundRunner) => Promise<RoundOutcome>;
  readonly onChange: () => void;
  readonly onFinished: (state: RoundState) => void;
  /** Journal entries that exist already. */
  readonly numJournaled: number;
}

/** Executes a round: feeds events to the machine one at a time, makes each durable, then runs its effects. */
export class RoundRunner {
  #state: RoundState;
  #numJournaled: number;
  #queue: Promise<void> = Promise.resolve();
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

  /** Queues an event; resolves when it is durable and its effects have begun. */
  dispatch(event: RoundEvent): Promise<void> {
    const step = this.#queue.then(() => this.#step(event));
    this.#queue = step.catch((error: unknown) => this.#halt(error));
    return this.#queue;
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
      this.refuse(deviceId, error);
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

  /** Refuses the device's update in this round; of a device that is not a member it only counts. */
  refuse(deviceId: DeviceId, error: unknown): void {
    const code = errorCodeOf(error);
    this.options.ports.counters.count("fedge_updates_refused_total", { code });
    void this.dispatch({ type: "update-refused", atMs: this.options.ports.clock.nowMs(), deviceId, code });
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
    if (this.#isHalted) return;
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
      (event) => this.dispatch(event),
      (error: unknown) => this.#abandonAggregation(error),
    );
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
      void this.dispatch(this.#expiry(timer));
    });
    this.#timers.set(key, cancel);
  }

  #expiry(timer: RoundTimer): RoundEvent {
    const atMs = this.options.ports.clock.nowMs();
    switch (timer.kind) {
      case "selection":
        return { type: "selection-failed", atMs, numAvailable: 0 };
      case "reporting":
        return { type: "reporting-expired", atMs };
      case "lost":
        return { type: "grace-expired", atMs, deviceId: timer.deviceId };
    }
  }

  #cancel(key: string): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }

  /** A store that does not answer must not be written past: the round stands still until the next start. */
  #halt(error: unknown): void {
    if (this.#isHalted) return;
    this.options.ports.logger.error(
      { err: error, roundId: this.#state.record.roundId },
      "round halted: its journal cannot be written",
    );
    this.close();
  }
}

function timerKey(timer: RoundTimer): string {
  return timer.kind === "lost" ? `lost/${timer.deviceId}` : timer.kind;
}
