import { hash32 } from "@fedge/protocol";

/** How often devices fail on purpose, as fractions of the selected ones. */
export interface FaultRates {
  /** Lose their connection in the middle of a round and come back when it is over. */
  readonly dropout: number;
  /** Report after the round is over. */
  readonly late: number;
}

/** What a selected device does in one round. */
export type Fate =
  | { readonly kind: "normal" }
  | { readonly kind: "vanish"; readonly moment: "training" | "uploading" }
  | { readonly kind: "late" };

export const NO_FAULTS: FaultRates = { dropout: 0, late: 0 };

/**
 * The fate of a device in a round: a function of its arguments alone, so that a run can be repeated.
 *
 * Round ids name the task and count its rounds, so they are the same in every run.
 * One that vanishes does so while it trains or while it uploads, each with probability one half.
 */
export function fateOf(
  rates: FaultRates,
  of: { readonly seed: string; readonly roundId: string; readonly deviceId: string },
): Fate {
  const name = `${of.seed}/fate/${of.roundId}/${of.deviceId}`;
  const draw = hash32(name) / 2 ** 32;
  if (draw < rates.dropout) {
    return { kind: "vanish", moment: hash32(`${name}/moment`) % 2 === 0 ? "training" : "uploading" };
  }
  return draw < rates.dropout + rates.late ? { kind: "late" } : { kind: "normal" };
}
