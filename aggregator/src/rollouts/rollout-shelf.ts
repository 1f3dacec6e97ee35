import { FedgeError } from "@fedge/protocol";
import type { RolloutSurroundings } from "./ports.js";
import type { RolloutId } from "./rollout-config.js";
import { openRollout, stepRollout } from "./rollout-machine.js";
import { RolloutRunner } from "./rollout-runner.js";
import type { RolloutEvent, RolloutState } from "./rollout-state.js";
import type { RolloutStore, StoredRollout } from "./rollout-store.js";

/** What a start had to read. */
export interface StartReport {
  readonly numRollouts: number;
  /** Rollouts of which neither devices nor journal were read. */
  readonly numRetired: number;
  /** Events that went through the machine again. */
  readonly numReplayed: number;
}

/** All rollouts in the order in which they were made: those that may move have a runner, retired ones only what lists show. */
export class RolloutShelf {
  readonly runners = new Map<RolloutId, RolloutRunner>();
  /** Without devices. */
  readonly #retired = new Map<RolloutId, RolloutState>();
  readonly #order: RolloutId[] = [];
  readonly #waking = new Map<RolloutId, Promise<RolloutRunner>>();

  constructor(
    private readonly store: Pick<RolloutStore, "loadRollouts" | "loadRollout">,
    private readonly surroundings: () => RolloutSurroundings,
  ) {}

  /** Replays what no snapshot tells. Nothing acts before `resume`. */
  async load(): Promise<StartReport> {
    let numReplayed = 0;
    for (const stored of await this.store.loadRollouts()) {
      const { rolloutId, snapshot, events } = stored;
      numReplayed += events.length;
      const state = restored(stored);
      if (state === null) continue;
      this.#order.push(rolloutId);
      if (snapshot?.isRetired === true && events.length === 0) this.#retired.set(rolloutId, state);
      else this.runners.set(rolloutId, this.#runnerOf(stored, state));
    }
    return { numRollouts: this.#order.length, numRetired: this.#retired.size, numReplayed };
  }

  has(rolloutId: RolloutId): boolean {
    return this.runners.has(rolloutId) || this.#retired.has(rolloutId);
  }

  add(rolloutId: RolloutId, runner: RolloutRunner): void {
    this.runners.set(rolloutId, runner);
    this.#order.push(rolloutId);
  }

  remove(rolloutId: RolloutId): void {
    this.runners.delete(rolloutId);
    this.#order.splice(this.#order.indexOf(rolloutId), 1);
  }

  /** Oldest first; retired ones without their devices. */
  states(): readonly RolloutState[] {
    return this.#order.flatMap(
      (rolloutId) => this.runners.get(rolloutId)?.state ?? this.#retired.get(rolloutId) ?? [],
    );
  }

  /** A retired one without its devices. Throws ROLLOUT_UNKNOWN. */
  headOf(rolloutId: RolloutId): RolloutState {
    const state = this.runners.get(rolloutId)?.state ?? this.#retired.get(rolloutId);
    if (state === undefined) throw unknownRollout(rolloutId);
    return state;
  }

  /** With its devices, which are read again of a retired one. Throws ROLLOUT_UNKNOWN. */
  async stateOf(rolloutId: RolloutId): Promise<RolloutState> {
    const runner = this.runners.get(rolloutId);
    return runner === undefined ? (await this.#read(rolloutId)).state : runner.state;
  }

  /** What carries out orders; a retired rollout wakes up for it. Throws ROLLOUT_UNKNOWN. */
  async runnerOf(rolloutId: RolloutId): Promise<RolloutRunner> {
    const runner = this.runners.get(rolloutId);
    if (runner !== undefined) return runner;
    const waking = this.#waking.get(rolloutId) ?? this.#wake(rolloutId);
    this.#waking.set(rolloutId, waking);
    return waking.finally(() => this.#waking.delete(rolloutId));
  }

  async #wake(rolloutId: RolloutId): Promise<RolloutRunner> {
    const { stored, state } = await this.#read(rolloutId);
    const runner = this.#runnerOf(stored, state);
    this.runners.set(rolloutId, runner);
    this.#retired.delete(rolloutId);
    await runner.resume();
    return runner;
  }

  async #read(rolloutId: RolloutId) {
    if (!this.#retired.has(rolloutId)) throw unknownRollout(rolloutId);
    const stored = await this.store.loadRollout(rolloutId);
    const state = stored === undefined ? null : restored(stored);
    if (stored === undefined || state === null) throw unknownRollout(rolloutId);
    return { stored, state };
  }

  #runnerOf({ snapshot, events }: StoredRollout, state: RolloutState): RolloutRunner {
    const numSnapshot = snapshot?.numEvents ?? null;
    const journal = { numEvents: (numSnapshot ?? 0) + events.length, numSnapshot };
    return new RolloutRunner(state, journal, this.surroundings());
  }
}

/** The state that a snapshot and the events since tell. */
function restored({ snapshot, events }: StoredRollout): RolloutState | null {
  if (snapshot === null) return replay(events);
  return events.reduce((state, event) => stepRollout(state, event).state, snapshot.state);
}

/** The state that a journal tells; null for one without a beginning. */
export function replay(events: readonly RolloutEvent[]): RolloutState | null {
  const [first, ...rest] = events;
  if (first?.type !== "created") return null;
  return rest.reduce((state, event) => stepRollout(state, event).state, openRollout(first));
}

function unknownRollout(rolloutId: RolloutId): FedgeError {
  return new FedgeError("ROLLOUT_UNKNOWN", `there is no rollout "${rolloutId}"; see \`fedge rollout list\``);
}
