import { excessDistance, noChange, psiOf } from "./methods/distances.js";
import type { DriftOptions } from "./options.js";
import type { Measured } from "./result.js";
import type { Cells } from "./samples/cells.js";
import { momentsOfPair } from "./samples/moments.js";
import type { SamplePair } from "./samples/sample.js";

/** How large the difference is by each measure that applies, after what chance alone would give is taken off. */
export interface EffectGate {
  readonly psi?: number;
  /** Distance, base 2. */
  readonly jensenShannon?: number;
  /** In standard deviations of the reference, without sign. */
  readonly meanShift?: number;
  readonly mmd?: number;
  /** True when one of them is above its floor. */
  readonly isLarge: boolean;
}

/** Whether a difference matters: many rows make any difference significant, few make large ones common by chance. */
export function effectGate(
  pair: SamplePair,
  cells: Cells | undefined,
  measured: Measured,
  options: DriftOptions,
): EffectGate {
  const { floors } = options;
  const effects = {
    ...cellEffects(cells, options),
    ...shiftEffect(pair),
    ...(measured.effect?.name.startsWith("MMD") === true ? { mmd: measured.effect.value } : {}),
  };
  const names = ["psi", "jensenShannon", "meanShift", "mmd"] as const;
  return { ...effects, isLarge: names.some((name) => (effects[name] ?? 0) > floors[name]) };
}

type Effects = Omit<EffectGate, "isLarge">;

function cellEffects(cells: Cells | undefined, options: DriftOptions): Effects {
  if (cells === undefined || cells.n === 0 || cells.m === 0) return {};
  const { freedom, scale } = noChange(cells);
  return { psi: psiOf(cells, options) - freedom * scale, jensenShannon: excessDistance(cells) };
}

/** A shift of no change has the expected square 1/n + 1/m. Infinite or constant values have no shift. */
function shiftEffect(pair: SamplePair): Effects {
  if (pair.kind !== "numbers") return {};
  const { reference, current } = momentsOfPair(pair.reference.values, pair.current.values);
  const square = (current.mean - reference.mean) ** 2 / reference.variance;
  const excess = square - (1 / reference.n + 1 / current.n);
  return Number.isFinite(excess) ? { meanShift: Math.sqrt(Math.max(0, excess)) } : {};
}
