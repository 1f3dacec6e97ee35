import type { ModelName } from "@fedge/protocol";

/** One window of one version, counted in one layout. */
export interface WindowKey {
  readonly model: ModelName;
  readonly version: number;
  readonly layoutSha256: string;
  /** Windows since the epoch. */
  readonly window: number;
}

/** One sum: a cohort's replicate group in a window. */
export interface SumKey extends WindowKey {
  /** `WHOLE_FLEET`, or `attribute=value`. */
  readonly cohort: string;
  readonly replicate: number;
}

/** The cohort of every device. */
export const WHOLE_FLEET = "";

/** Equal for equal windows. */
export function windowKeyText({ model, version, layoutSha256, window }: WindowKey): string {
  return `${model}@${version}/${layoutSha256}/${window}`;
}

/** The attribute that a cohort is of; null for the whole fleet. */
export function attributeOf(cohort: string): string | null {
  return cohort === WHOLE_FLEET ? null : cohort.slice(0, cohort.indexOf("="));
}
