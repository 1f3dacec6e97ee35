import { FedgeError, errorCodeOf, type DeviceId } from "@fedge/protocol";
import type { Audited } from "../audit/ports.js";
import { EventQueue, type Waiting } from "./event-queue.js";
import { heldVersions } from "./held-versions.js";
import { hasLapsed, isWindowOpen } from "./maintenance-windows.js";
import type { RolloutSurroundings } from "./ports.js";
import { numAllowed } from "./rate-limit.js";
import { RolloutEffects, hasShadowEnded } from "./rollout-effects.js";
import { resumeEffects, stepRollout } from "./rollout-machine.js";
import type { RolloutEffect, RolloutEvent, RolloutState } from "./rollout-state.js";
import { targetViewOf } from "./rollout-view-of.js";
import { SnapshotKeeper } from "./snapshot-keeper.js";

const TICK_MS = 1000;
/** What failed for want of the store, the broker or the signer is tried again after so long. */
const AGAIN_MS = 5000;

/** Executes one rollout: events in batches, people's before devices', each durable before its effects run. */
export class RolloutRunner {
  #state: RolloutState;
  #seq: number;
  readonly #queue = new EventQueue();
  #isDraining = false;
  #draining: Promise<void> = Promise.resolve();
  #isClosed = false;
  #isTellingMore = false;
  #cancelTick: () => void = () => undefined;
  readonly #retries = new Set<() => void>();
  #effects: Promise<void> = Promise.resolve();
  readonly #executor: RolloutEffects;
  readonly #snapshots: SnapshotKeeper;

  constructor(
    state: RolloutState,
    journal: { readonly numEvents: number; readonly numSnapshot: number | null },
    private readonly ports: RolloutSurroundings,
  ) {
    this.#state = state;
    this.#seq = journal.numEvents;
    this.#snapshots = new SnapshotKeeper(ports, journal.numSnapshot);
    this.#executor = new RolloutEffects(
      ports,
      () => this.#state,
      (event) => this.dispatch(event),
    );
  }

  get state(): RolloutState {
    return this.#state;
  }

  /** Takes up what a kill may have left undone. */
  async resume(): Promise<void> {
    await this.#executor.recall();
    this.#run(resumeEffects(this.#state));
    this.#tidy();
    this.#keepSnapshot();
    this.#armTick();
  }

  /** Queues an event that nobody waits for. */
  dispatch(event: RolloutEvent): void {
    this.#enqueue({ event, check: null, done: () => undefined, refused: () => undefined });
  }

  /** Resolves when the event and what follows from it are durable; rejects with what `check` throws, or the store. */
  request(event: RolloutEvent, check: (state: RolloutState) => void): Promise<RolloutState> {
    return new Promise((done, refused) => this.#enqueue({ event, check, done, refused }));
  }

  /** Resolves when no effect is under way any more. */
  settled(): Promise<void> {
    return this.#effects;
  }

  /** Nothing begins any more; resolves when what is under way has ended, so that nothing is written afterwards. */
  async close(): Promise<void> {
    this.#stop();
    await this.#draining;
    await this.#effects;
  }

  /** Why nothing begins any more. */
  get #closed(): FedgeError {
    const { isDeleted, config } = this.state;
    if (!isDeleted) return new FedgeError("CLOSED", "the server is closing");
    return new FedgeError("ROLLOUT_UNKNOWN", `rollout "${config.rolloutId}" was deleted just now`);
  }

  #stop(): void {
    this.#isClosed = true;
    this.#cancelTick();
    for (const cancel of this.#retries) cancel();
    for (const { refused } of this.#queue.clear()) refused(this.#closed);
  }

  #enqueue(waiting: Waiting): void {
    if (this.#isClosed) return waiting.refused(this.#closed);
    this.#queue.add(waiting);
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#draining = Promise.resolve().then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    while (!this.#queue.isEmpty && !this.#isClosed) {
      const batch = this.#queue.next();
      try {
        await this.#take(batch);
      } catch (error) {
        this.#failed(batch, error);
        break;
      }
    }
    this.#isDraining = false;
  }

  async #take(batch: readonly Waiting[]): Promise<void> {
    const before = this.#state;
    const { state, events, effects, done } = stepAll(before, batch);
    if (events.length > 0) {
      const { rolloutId } = state.config;
      const dirty = [...state.targets.changedSince(before.targets)];
      const targets = dirty.map(([deviceId, target]) => targetViewOf(deviceId, target));
      const audit = auditOf(state, before);
      await this.ports.store.append({ rolloutId, firstSeq: this.#seq, events, targets, audit });
      this.#seq += events.length;
      this.#state = state;
      if (audit.length > 0) this.#anchor();
      this.ports.onChange(state);
    }
    for (const finish of done) finish(state);
    this.#run(effects);
    if (hasShadowEnded(state) && !hasShadowEnded(before)) this.#endShadow();
    if (events.length > 0 && heldVersions(state) !== null) this.#tidy();
    if (events.length > 0) this.#keepSnapshot();
    this.#armTick();
    if (events.length > 0) this.#tellMore();
  }

  /** What could not be written has not happened: people hear it, devices' words are taken up again. */
  #failed(batch: readonly Waiting[], error: unknown): void {
    this.ports.logger.error(
      { err: error, rolloutId: this.#state.config.rolloutId },
      "a rollout stands still",
    );
    for (const waiting of batch) waiting.refused(error);
    if (errorCodeOf(error) !== "DATABASE_FAILED") return this.#stop();
    const again = batch.filter(({ check }) => check === null);
    this.#later(() => {
      this.#queue.putBack(again);
      this.#enqueue(this.#tickEvent());
    });
  }

  /** The entries are durable; the next one's anchor stands for them too. */
  #anchor(): void {
    this.ports.audit.anchorHead().catch((error: unknown) => {
      this.ports.counters.count("fedge_audit_failed_total");
      const { rolloutId } = this.#state.config;
      this.ports.logger.error({ err: error, rolloutId }, "the end of the audit log could not be anchored");
    });
  }

  #run(effects: readonly RolloutEffect[]): void {
    for (const effect of effects) {
      this.#effects = this.#effects.then(() => this.#execute(effect));
    }
  }

  async #execute(effect: RolloutEffect): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#executor.run(effect);
    } catch (error) {
      const { rolloutId } = this.#state.config;
      this.ports.logger.warn(
        { err: error, rolloutId, effect: effect.type },
        "a step of a rollout is tried again",
      );
      if (effect.type !== "look" && effect.type !== "compare") this.#later(() => this.#run([effect]));
    }
  }

  /** What the devices ran meanwhile is over. */
  tellAgain(devices: readonly DeviceId[]): void {
    this.#run([{ type: "tell", devices }]);
  }

  /** After what is under way: a promotion holds the blobs before they are let go. */
  #tidy(): void {
    this.#effects = this.#effects.then(() => this.#executor.tidy());
  }

  /** After what is under way: what is still to be done must be read again after a kill. */
  #keepSnapshot(): void {
    if (!this.#snapshots.isDue(this.#state, this.#seq)) return;
    this.#effects = this.#effects.then(() => {
      if (this.#isClosed || this.#retries.size > 0) return undefined;
      return this.#snapshots.keep(this.#state, this.#seq);
    });
  }

  #endShadow(): void {
    const { rolloutId } = this.#state.config;
    this.#effects = this.#effects
      .then(() => this.#executor.endShadow())
      .catch((error: unknown) => {
        this.ports.logger.warn({ err: error, rolloutId }, "the end of a shadow is said again");
        this.#later(() => this.#endShadow());
      });
  }

  #later(run: () => void): void {
    const cancel = this.ports.clock.after(AGAIN_MS, () => {
      this.#retries.delete(cancel);
      if (!this.#isClosed) run();
    });
    this.#retries.add(cancel);
  }

  #armTick(): void {
    this.#cancelTick();
    if (this.#isClosed || !isTicking(this.#state)) return;
    const delayMs = Math.min(TICK_MS, this.#state.config.analysis.intervalMs);
    this.#cancelTick = this.ports.clock.after(delayMs, () => this.#enqueue(this.#tickEvent()));
  }

  /** Those who may be told now need not wait for the next tick, only until those before them have been told. */
  #tellMore(): void {
    if (this.#isTellingMore || !this.#mayTellMore()) return;
    this.#isTellingMore = true;
    void this.#effects.then(() => {
      this.#isTellingMore = false;
      if (!this.#isClosed && this.#mayTellMore()) this.#enqueue(this.#tickEvent());
    });
  }

  #mayTellMore(): boolean {
    const { phase, queue } = this.#state;
    if ((phase !== "running" && phase !== "completed") || queue.length === 0) return false;
    return numAllowed(this.#state, this.ports.clock.nowMs()) > 0;
  }

  #tickEvent(): Waiting {
    const atMs = this.ports.clock.nowMs();
    const { schedule } = this.#state.config;
    const isOpen = isWindowOpen(schedule.windows, atMs);
    const lapse = hasLapsed(schedule, atMs) ? ({ isLapsed: true } as const) : {};
    const event = { type: "tick", atMs, isWindowOpen: isOpen, ...lapse } as const;
    return { event, check: null, done: () => undefined, refused: () => undefined };
  }
}

function stepAll(before: RolloutState, batch: readonly Waiting[]) {
  let state = before;
  const events: RolloutEvent[] = [];
  const effects: RolloutEffect[] = [];
  const done: ((state: RolloutState) => void)[] = [];
  for (const { event, check, done: finish, refused } of batch) {
    try {
      check?.(state);
    } catch (error) {
      refused(error);
      continue;
    }
    const step = stepRollout(state, event);
    state = step.state;
    if (step.isChanged) events.push(event);
    effects.push(...step.effects);
    done.push(finish);
  }
  return { state, events, effects, done };
}

/** What people and the system did since, for the audit log. */
function auditOf({ history, config }: RolloutState, before: RolloutState): readonly Audited[] {
  return history.slice(before.history.length).map(({ actor, event, reason, atMs }) => {
    const action = `rollout.${event.replaceAll(/[^a-z0-9]+/g, "-")}`;
    const details = { event, reason, model: config.model, version: config.version };
    return { draft: { actor, action, subject: config.rolloutId, details }, atMs };
  });
}

const QUIET = new Set(["draft", "waiting-approval", "denied", "ready", "aborted", "rolled-back"]);

function isTicking({ phase, queue, isDeleted, waves }: RolloutState): boolean {
  if (isDeleted || QUIET.has(phase)) return false;
  const isAtWork = waves.some(({ byState }) => byState.told ?? byState.installing ?? byState.probation);
  return phase !== "completed" && phase !== "rollback-incomplete" ? true : queue.length > 0 || isAtWork;
}

/** Throws ROLLOUT_CHANGED. */
export function checkRevision(state: RolloutState, revision: number | undefined): void {
  if (revision === undefined || revision === state.revision) return;
  const last = state.history.at(-1);
  const who = last === undefined ? "somebody" : last.actor;
  const message = `rollout ${state.config.rolloutId} was changed by ${who} since you looked (${last?.event ?? ""}); look again and decide anew`;
  throw new FedgeError("ROLLOUT_CHANGED", message, { details: { revision: state.revision } });
}
