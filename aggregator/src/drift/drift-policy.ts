import { FedgeError } from "@fedge/protocol";

/** The least cohort that may be configured: below it a cohort's counts say too much of each of its devices. */
export const LEAST_COHORT_DEVICES = 20;

/** How the server sums and shows what devices counted. */
export interface DriftPolicy {
  /** Nothing of fewer devices is released. */
  readonly minDevices: number;
  /** Replicate groups are merged until each has so many devices. */
  readonly minGroupDevices: number;
  /** What divides the fleet into cohorts: `platform`, `engine`, or an attribute that the app gives. */
  readonly cohortAttributes: readonly string[];
  /** How long after a window's end its counts may come; null: as long as a window, between a minute and an hour. */
  readonly graceMs: number | null;
  /** A version older than this is stale; null: never. */
  readonly staleAfterMs: number | null;
  /** Windows whose releases are kept, of each version. */
  readonly numKeptWindows: number;
}

export const DEFAULT_DRIFT_POLICY: DriftPolicy = {
  minDevices: 50,
  minGroupDevices: 5,
  cohortAttributes: ["platform"],
  graceMs: null,
  staleAfterMs: null,
  numKeptWindows: 400,
};

/**
 * What the cohorts of two attributes tell by any sums of them is known from how many devices each two have in common. Of three
 * it is not: there a sum might leave a single device.
 */
export const MAX_COHORT_ATTRIBUTES = 2;

/** The policy with its defaults. Throws OPTION_INVALID naming what cannot be. */
export function checkDriftPolicy(given: Partial<DriftPolicy>): DriftPolicy {
  const policy = { ...DEFAULT_DRIFT_POLICY, ...given };
  const { minDevices, minGroupDevices, cohortAttributes, graceMs, numKeptWindows } = policy;
  requireWhole("minDevices", minDevices, LEAST_COHORT_DEVICES);
  requireWhole("minGroupDevices", minGroupDevices, 2);
  requireWhole("numKeptWindows", numKeptWindows, 3);
  if (graceMs !== null) requireWhole("graceMs", graceMs, 0);
  if (cohortAttributes.length > MAX_COHORT_ATTRIBUTES)
    throw invalid(`at most ${MAX_COHORT_ATTRIBUTES} cohort attributes; leave some out`);
  for (const attribute of cohortAttributes)
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(attribute))
      throw invalid(`"${attribute}" is no attribute of a device; it takes letters, digits, ".", "_" and "-"`);
  return policy;
}

/** Milliseconds after a window's end in which its counts may come. */
export function graceOf({ graceMs }: Pick<DriftPolicy, "graceMs">, windowLengthMs: number): number {
  return graceMs ?? Math.min(3_600_000, Math.max(60_000, windowLengthMs));
}

function requireWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw invalid(`${name} has to be a whole number of at least ${least}`);
}

function invalid(reason: string): FedgeError {
  return new FedgeError("OPTION_INVALID", `drift monitoring: ${reason}`);
}
