import { studentTailQuantile } from "@fedge/protocol/drift";

/** Accuracy that is lost from which on it is a matter; beyond chance, too. */
export const ACCURACY_BAND = 0.05;
/** Share of windows whose accuracy is below the limit by chance. */
const CHANCE = 0.001;

/** Accuracy of a window by the labels that came in it. */
export interface WindowAccuracy {
  readonly accuracy: number;
  /** Jackknife standard error over its groups; null where there is one group. */
  readonly error: number | null;
  readonly numGroups: number;
  readonly numLabelled: number;
  /** Devices that labelled any. */
  readonly numDevices: number;
}

type KnownError = WindowAccuracy & { readonly error: number };

/**
 * The accuracy below which a window has lost some against the best of those before: by the band, and by more than chance makes.
 * What chance makes is taken from the windows before alone: when a part of the fleet has lost much, the error of the present one
 * holds just that. Few groups say little of an error, so those of all windows are pooled, and Student's t with all their degrees
 * of freedom has the tail that each of so many comparisons may have (Bonferroni). Null without a window whose error is known.
 */
export function accuracyLimit(
  now: Pick<WindowAccuracy, "numLabelled" | "numDevices">,
  before: readonly WindowAccuracy[],
): number | null {
  const known = before.filter((each): each is KnownError => each.error !== null && each.numGroups > 1);
  if (known.length === 0) return null;
  const degrees = known.reduce((sum, { numGroups }) => sum + numGroups - 1, 0);
  const t = studentTailQuantile(CHANCE / known.length, degrees);
  const limits = known.map((then) => {
    const chance = t * Math.sqrt(varianceOf(now, known) + varianceOf(then, known));
    return then.accuracy - Math.max(ACCURACY_BAND, chance);
  });
  return Math.max(...limits);
}

/** Of a window of this size, as the errors of all tell it; of fewer labels or fewer devices it is larger. */
function varianceOf(
  { numLabelled, numDevices }: Pick<WindowAccuracy, "numLabelled" | "numDevices">,
  known: readonly KnownError[],
): number {
  let [sum, degrees] = [0, 0];
  for (const each of known) {
    const ratio = Math.max(each.numLabelled / numLabelled, each.numDevices / numDevices);
    sum += (each.numGroups - 1) * each.error ** 2 * ratio;
    degrees += each.numGroups - 1;
  }
  return sum / degrees;
}
