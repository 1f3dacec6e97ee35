import type { RolloutSurroundings } from "./ports.js";
import { isAtRest, isRetired } from "./retirement.js";
import type { RolloutState } from "./rollout-state.js";

/** A rollout that is over and still hears of devices is written down again after so many events. */
const EVENTS_BETWEEN = 100;

/** Keeps the snapshot of a rollout that has come to rest, so that a start need not replay its journal. */
export class SnapshotKeeper {
  constructor(
    private readonly ports: Pick<RolloutSurroundings, "store" | "logger">,
    /** Events in the newest snapshot; null where there is none. */
    private numKept: number | null,
  ) {}

  isDue(state: RolloutState, numEvents: number): boolean {
    if (numEvents === this.numKept || !isAtRest(state)) return false;
    return this.numKept === null || numEvents >= this.numKept + EVENTS_BETWEEN || isRetired(state);
  }

  /** What could not be kept is kept with the next event: the journal has everything. */
  async keep(state: RolloutState, numEvents: number): Promise<void> {
    if (!this.isDue(state, numEvents)) return;
    const { rolloutId } = state.config;
    try {
      await this.ports.store.saveSnapshot(rolloutId, { state, numEvents, isRetired: isRetired(state) });
      this.numKept = numEvents;
    } catch (error) {
      this.ports.logger.warn({ err: error, rolloutId }, "a rollout's snapshot could not be kept");
    }
  }
}
