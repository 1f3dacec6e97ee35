import type { RoundData } from "../data/fleet-state.js";

export interface Outcome {
  readonly name: string;
  /** Name of its colour: `--series-<colour>`. */
  readonly colour: string;
  readonly countOf: (round: RoundData) => number;
}

/** What became of the devices of a round; every selected device is in exactly one of them. */
export const OUTCOMES: readonly Outcome[] = [
  { name: "Counted", colour: "counted", countOf: (round) => round.numCounted },
  { name: "Not needed", colour: "not-needed", countOf: (round) => round.lost["not-needed"] },
  { name: "Late", colour: "late", countOf: (round) => round.lost.late },
  { name: "Dropped", colour: "dropped", countOf: (round) => round.lost.dropped },
  { name: "Aborted", colour: "aborted", countOf: (round) => round.lost.aborted },
  { name: "Refused", colour: "refused", countOf: (round) => round.lost.refused },
];
