import type { KeyboardStatus } from "../keyboard-device.js";

/** One local training. */
export type Training = NonNullable<KeyboardStatus["training"]["last"]>;

/** Trainings that the small chart has room for. */
export const MAX_TRAININGS = 12;

/** The latest trainings, oldest first, with `last` added unless it is there already. */
export function withTraining(trainings: readonly Training[], last: Training | null): readonly Training[] {
  if (last === null || trainings.at(-1)?.atMs === last.atMs) return trainings;
  return [...trainings, last].slice(-MAX_TRAININGS);
}
