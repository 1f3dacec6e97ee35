import { FedgeError, stableFraction, type DeviceId } from "@fedge/protocol";
import { EMPTY_WAVE, isFinal, withTargets, type RolloutState } from "../rollout-state.js";
import { replay } from "../rollout-shelf.js";
import { TargetTable } from "../target-table.js";
import type { World } from "./world.js";

/** Looks at a rollout after every step, and remembers what must not change. Throws INTERNAL with what does not hold. */
export class InvariantCheck {
  readonly #finals = new Map<string, string>();
  #numTold = 0;
  #before: RolloutState | null = null;

  check(state: RolloutState, world: World): void {
    this.#devices(world);
    this.#exposure(state);
    this.#standstill(state);
    this.#finalStates(state);
    this.#counts(state);
    this.#history(state);
    this.#deadlines(state);
    this.#wayBack(state);
    this.#before = state;
  }

  /** A restarted server stands where its journal says. */
  static journal(state: RolloutState, world: World): void {
    const events = world.store.journals.get(state.config.rolloutId) ?? [];
    const told = replay(events);
    if (told === null || summary(told) !== summary(state)) broken("I9", "the journal tells another state");
  }

  /** I1 and I2: a device serves what it was told, and the counter of what serves only grows. */
  #devices({ devices, documents }: World): void {
    for (const [deviceId, { serving, served }] of devices) {
      const newest = documents.get(deviceId)?.releaseCounter ?? 0;
      if (serving.releaseCounter > newest) broken("I1", `${deviceId} serves what it was not told`);
      for (let at = 1; at < served.length; at += 1)
        if ((served[at]?.releaseCounter ?? 0) < (served[at - 1]?.releaseCounter ?? 0))
          broken("I2", `the counter of ${deviceId} fell`);
    }
  }

  #exposure(state: RolloutState): void {
    const opened = state.config.waves.filter((_, at) => state.waves[at]?.startedAtMs !== null);
    const cap = Math.max(0, ...opened.map(({ percent }) => percent));
    for (const [deviceId, target] of state.targets.entries())
      if (target.wasTold && stableFraction(state.config.rolloutId, deviceId) >= cap / 100)
        broken("I3", `${deviceId} was told beyond ${cap} %`);
  }

  #standstill(state: RolloutState): void {
    let numTold = 0;
    for (const [, { wasTold }] of state.targets.entries()) numTold += Number(wasTold);
    const stood = this.#before !== null && this.#before.revision === state.revision;
    if (stood && state.phase !== "running" && state.phase !== "completed" && numTold > this.#numTold)
      broken("I4", `while ${state.phase}, ${numTold - this.#numTold} devices were told`);
    this.#numTold = numTold;
  }

  #finalStates(state: RolloutState): void {
    for (const [deviceId, target] of state.targets.entries()) {
      if (!isFinal(target)) continue;
      const key = `${deviceId}/${target.attempt}`;
      const before = this.#finals.get(key);
      if (before !== undefined && before !== target.state)
        broken("I5", `${key}: ${before} became ${target.state}`);
      this.#finals.set(key, target.state);
    }
  }

  #counts(state: RolloutState): void {
    const empty = { ...state, targets: TargetTable.empty<never>(), waves: state.waves.map(() => EMPTY_WAVE) };
    const entries: (readonly [DeviceId, never])[] = [...state.targets.entries()] as never;
    const counted = withTargets(
      { ...empty, numCommitted: 0, backCounts: { told: 0, done: 0, failed: 0 } },
      entries,
    );
    for (const [at, wave] of counted.waves.entries()) {
      const { numTargets, numReached, byState } = state.waves[at] ?? EMPTY_WAVE;
      const isSame = numTargets === wave.numTargets && numReached === wave.numReached;
      if (!isSame || sorted(byState) !== sorted(wave.byState))
        broken("I6", `wave ${at + 1} is counted wrongly`);
    }
    if (counted.numCommitted !== state.numCommitted) broken("I6", "the committed are counted wrongly");
    if (sorted(counted.backCounts) !== sorted(state.backCounts))
      broken("I6", "those on their way back are counted wrongly");
  }

  /** I9: a rollback that says it is over has nobody on the way. */
  #wayBack({ phase, backCounts }: RolloutState): void {
    if (phase === "rolled-back" && backCounts.told + backCounts.failed > 0)
      broken("I9", `rolled back with ${backCounts.told + backCounts.failed} devices on the way`);
  }

  #history(state: RolloutState): void {
    const before = this.#before;
    if (before !== null && before.phase !== state.phase && state.history.length <= before.history.length)
      broken("I7", `${before.phase} became ${state.phase} without a note`);
    if (state.history.some(({ actor, atMs }) => actor === "" || atMs <= 0))
      broken("I7", "a note without an actor");
  }

  #deadlines(state: RolloutState): void {
    for (const [deviceId, target] of state.targets.entries()) {
      const isWorking = target.state === "installing" || target.state === "probation";
      if (isWorking && target.deadlineAtMs === null) broken("I8", `${deviceId} has no deadline`);
    }
  }
}

function sorted(counts: object): string {
  return JSON.stringify(Object.entries(counts).sort());
}

function summary({ targets, ...state }: RolloutState): string {
  const byName = [...targets.entries()].sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([state, byName], inOrder);
}

/** For JSON in which the order of names says nothing: what comes out of a snapshot has another than what events made. */
function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function broken(invariant: string, what: string): never {
  throw new FedgeError("INTERNAL", `${invariant}: ${what}`);
}
