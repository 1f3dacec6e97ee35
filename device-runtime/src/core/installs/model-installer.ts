import { toWireError, type InstallState } from "@fedge/protocol";
import { fullJitterMs } from "../connection/backoff.js";
import { underWay } from "./attempt-changes.js";
import { InstallEffects } from "./install-effects.js";
import { PASSING } from "./install-faults.js";
import { step } from "./install-machine.js";
import { InstallRecords } from "./install-record.js";
import { statusOf, type InstallStatus } from "./install-report.js";
import {
  FINAL_STATES,
  NOTHING_INSTALLED,
  tokenOf,
  type Attempt,
  type InstallEffect,
  type InstallEvent,
  type InstallFault,
  type InstallGoal,
  type InstallRecord,
  type Token,
} from "./install-state.js";
import { InstallWork } from "./install-work.js";
import type { ModelInstallerParts } from "./model-installer-parts.js";
import { judgeProbation, type ProbationFacts } from "./probation.js";
import { probationFacts } from "./probation-facts.js";
import { SlotServer } from "./slot-server.js";

/** The effect that leads on from a state; the others have none to repeat. */
const WORK_OF: Partial<Record<InstallState, InstallEffect>> = {
  assigned: "accept",
  downloading: "download",
  verifying: "verify",
  staged: "proceed",
  activating: "load",
  "rolling-back": "restore",
};

/**
 * Drives the machine of one model: keeps each state before anything is done for it, does it, and tells the machine what
 * came of it. Events are handled one after the other. What leads back to a version that works is done even where the
 * state cannot be kept: a restart then finds a probation that nobody ended, which leads there too.
 */
export class ModelInstaller {
  readonly #records: InstallRecords;
  readonly #work: InstallWork;
  readonly #effects: InstallEffects;
  readonly #server: SlotServer;
  #record: InstallRecord = NOTHING_INSTALLED;
  #goal: InstallGoal | null = null;
  #queue: Promise<void> = Promise.resolve();
  readonly #underWay = new Set<Promise<void>>();
  #cancelDeadline: () => void = () => undefined;
  #cancelRetry: () => void = () => undefined;
  #cancelLook: () => void = () => undefined;
  #numFailures = 0;
  #hasHeardServer = false;
  #isJudged = false;
  #isClosed = false;

  constructor(private readonly parts: ModelInstallerParts) {
    this.#records = new InstallRecords(parts.ports.store, parts.model);
    this.#work = new InstallWork(parts);
    this.#server = new SlotServer({ ...parts, work: this.#work });
    this.#effects = new InstallEffects(parts, this.#work, this.#server);
  }

  get record(): InstallRecord {
    return this.#record;
  }

  get status(): InstallStatus | null {
    const { attempt } = this.#record;
    return attempt === null ? null : statusOf(attempt);
  }

  /** Whether an attempt is under way that has not activated anything yet, or goes back. */
  get isBusy(): boolean {
    return underWay(this.#record) !== null && this.#record.attempt?.state !== "probation";
  }

  /** Takes up what is kept and serves it, without any network. Throws STORAGE_FAILED. */
  async restore(): Promise<void> {
    const before = await this.#records.read();
    const { record, effects } = step(before, { type: "restarted" }, this.#nowMs);
    // A crash is counted before the version that crashed is loaded again.
    if (record !== before) await this.#records.write(record).catch(this.parts.onError);
    this.#record = record;
    const error = await this.#server.serveKept(record);
    if (error !== null) this.#notServed(error);
    if ((record.attempt?.numCrashes ?? 0) > (before.attempt?.numCrashes ?? 0))
      this.parts.counters.of(this.parts.model)?.crashed();
    this.#armDeadline();
    if (tokenOf(record) !== tokenOf(before) && this.status !== null) this.parts.onChange(this.status);
    for (const effect of effects) this.#begin(effect);
  }

  /** A version on trial that does not load has failed; another one comes anew when it is wanted. */
  #notServed(error: unknown): void {
    this.parts.onError(error);
    if (this.#record.attempt?.state !== "probation") return;
    const token = tokenOf(this.#record);
    void this.#dispatch({ type: "hindered", token, fault: faultOf(error), isPassing: false });
  }

  /** What the operator wants; null for nothing. */
  want(goal: InstallGoal | null): void {
    this.#goal = goal;
    this.#reconsider();
  }

  /** The next release counts whatever its number. Resolves when that is kept. */
  readonly beginAnew = (): Promise<void> => this.#dispatch({ type: "authority-changed" });

  /** A message of the server has come. */
  heardServer(): void {
    this.#hasHeardServer = true;
    this.observe();
  }

  /** Ends a probation that has been passed or failed. Cheap: called after each prediction. */
  observe(): void {
    const { attempt } = this.#record;
    if (attempt?.state !== "probation" || this.#isJudged || this.#isClosed) return;
    // Until the new version serves, what is counted is the work of the one before.
    if (!this.#serves(attempt.goal)) return;
    const facts = this.#facts(attempt);
    if (judgeProbation(attempt.goal.policy.probation, facts) === "pending") return;
    this.#isJudged = true;
    void this.#dispatch({ type: "observed", facts });
  }

  /** The broker has a report, or the monitor is sure of a version's data. Resolves when it is noted. */
  heard(event: Extract<InstallEvent, { type: "reported" | "drifted" }>): Promise<void> {
    return this.#dispatch(event);
  }

  /** The page goes, perhaps without time for more: what it leaves is no crash. */
  leave(): void {
    const { record } = step(this.#record, { type: "left" }, this.#nowMs);
    if (record !== this.#record) this.#records.write(record, false).catch(this.parts.onError);
  }

  /** Resolves when nothing is being done any more. The fetcher must be closed before. */
  async close(): Promise<void> {
    this.#server.close();
    for (const cancel of [this.#cancelDeadline, this.#cancelRetry, this.#cancelLook]) cancel();
    this.#isClosed = true;
    await Promise.all(this.#underWay);
    await this.#queue;
    await this.#work.discard();
    const { record } = step(this.#record, { type: "left" }, this.#nowMs);
    if (record !== this.#record) await this.#records.write(record).catch(this.parts.onError);
  }

  #reconsider(): void {
    const goal = this.#goal;
    if (goal === null) return void this.#dispatch({ type: "unwanted" });
    void this.#dispatch({ type: "wanted", goal, isServed: false });
  }

  #dispatch(event: InstallEvent): Promise<void> {
    this.#queue = this.#queue.then(() => this.#handle(event)).catch(this.parts.onError);
    return this.#queue;
  }

  async #handle(given: InstallEvent): Promise<void> {
    if (this.#isClosed) return;
    const before = this.#record;
    const event = given.type === "wanted" ? { ...given, isServed: this.#serves(given.goal) } : given;
    const { record, effects } = step(before, event, this.#nowMs);
    this.#isJudged = false;
    if (record !== before && !(await this.#keep(record, event))) return;
    this.#record = record;
    if (tokenOf(record) !== tokenOf(before)) this.#changed();
    for (const effect of effects) this.#begin(effect);
  }

  /** Whether the state is kept, or may be entered without that. */
  async #keep(record: InstallRecord, event: InstallEvent): Promise<boolean> {
    if (record === this.#record) return true;
    try {
      await this.#records.write(record, event.type !== "reported");
      return true;
    } catch (error) {
      this.parts.onError(error);
      const state = record.attempt?.state;
      const isSame = state === this.#record.attempt?.state;
      if (isSame || state === undefined || leadsBack(state)) return true;
      this.#later(() => void this.#dispatch(event));
      return false;
    }
  }

  #changed(): void {
    this.#cancelRetry();
    this.#cancelLook();
    this.#armDeadline();
    const { status } = this;
    if (status === null) return;
    if (FINAL_STATES.has(status.state)) this.#numFailures = 0;
    this.parts.onChange(status);
  }

  #armDeadline(): void {
    this.#cancelDeadline();
    const deadlineAtMs = this.#record.attempt?.deadlineAtMs ?? null;
    if (deadlineAtMs === null) return;
    const token = tokenOf(this.#record);
    this.#cancelDeadline = this.parts.ports.clock.after(
      Math.max(0, deadlineAtMs - this.#nowMs),
      () => void this.#dispatch({ type: "expired", token }),
    );
  }

  #begin(effect: InstallEffect): void {
    if (this.#isClosed) return;
    const token = tokenOf(this.#record);
    switch (effect) {
      case "proceed":
        return void this.#dispatch({ type: "proceed", token });
      case "watch":
        return this.#watch();
      case "retry":
        return this.#later(() => this.#begin(WORK_OF[this.#record.attempt?.state ?? "committed"] ?? "watch"));
      case "reconsider":
        return this.#reconsider();
      case "refuse":
        return this.#goal === null ? undefined : this.parts.onRefused(this.#goal);
      default:
        // Whoever was heard before the activation says nothing of the time after it.
        if (effect === "load") this.#hasHeardServer = false;
        return this.#do(token, () => this.#effects.run(effect, this.#record, token));
    }
  }

  /** Work whose outcome is an event. What began before the present state and fails is of no interest any more. */
  #do(token: Token, work: () => Promise<InstallEvent | undefined>): void {
    const done = work()
      .then((event) => {
        if (event === undefined) this.observe();
        else void this.#dispatch(event);
      })
      .catch((error: unknown) => {
        if (this.#isClosed || token !== tokenOf(this.#record)) return;
        this.parts.onError(error);
        const fault = faultOf(error);
        // A version that serves, or is to come back, must do so now.
        const isPassing = PASSING.has(fault.code) && !SERVING.has(this.#record.attempt?.state ?? "committed");
        void this.#dispatch({ type: "hindered", token, fault, isPassing });
      })
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  #later(run: () => void): void {
    this.#numFailures += 1;
    const { clock, random } = this.parts.ports;
    this.#cancelRetry();
    if (!this.#isClosed) this.#cancelRetry = clock.after(fullJitterMs(this.#numFailures, random), run);
  }

  #watch(): void {
    const { attempt } = this.#record;
    if (attempt === null) return;
    const { minDurationMs, allowsOffline } = attempt.goal.policy.probation;
    const untilMs = (attempt.activatedAtMs ?? 0) + minDurationMs - this.#nowMs;
    if (!allowsOffline && !this.#hasHeardServer) this.parts.askServer();
    this.#cancelLook();
    if (untilMs > 0) this.#cancelLook = this.parts.ports.clock.after(untilMs, () => this.#watch());
    this.observe();
  }

  #facts(attempt: Attempt): ProbationFacts {
    const { ports, host } = this.parts;
    return probationFacts(attempt, {
      nowMs: this.#nowMs,
      memoryBytes: ports.memoryBytes?.() ?? null,
      hasHeardServer: this.#hasHeardServer,
      counter: host.active?.counter,
    });
  }

  #serves({ manifest }: InstallGoal): boolean {
    return this.parts.host.active?.manifestRef.sha256 === manifest.sha256;
  }

  get #nowMs(): number {
    return this.parts.ports.clock.nowMs();
  }
}

const SERVING: ReadonlySet<InstallState> = new Set(["probation", "rolling-back"]);

function leadsBack(state: InstallState): boolean {
  return state === "rolling-back" || (FINAL_STATES.has(state) && state !== "committed");
}

function faultOf(error: unknown): InstallFault {
  const { code, message } = toWireError(error);
  return { code, message: message.slice(0, 256) };
}
