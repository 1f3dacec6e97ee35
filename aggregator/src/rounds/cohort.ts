import { hash32, type DeviceId } from "@fedge/protocol";

/**
 * The cohort of a round: a sample without replacement that depends on who waits, the task's seed and the round's
 * number, and on nothing else; the order in which devices arrived does not matter.
 *
 * Every device draws a 64-bit rank; the `size` smallest are chosen (Efraimidis and Spirakis 2006 with equal weights).
 */
export function selectCohort(
  available: Iterable<DeviceId>,
  draw: { readonly size: number; readonly seed: string; readonly roundNumber: number },
): DeviceId[] {
  const ranked = [...available].map((deviceId) => {
    const text = `${draw.seed}/${draw.roundNumber}/${deviceId}`;
    return { deviceId, high: hash32(text), low: hash32(`${text}/low`) };
  });
  ranked.sort(
    (one, other) => one.high - other.high || one.low - other.low || (one.deviceId < other.deviceId ? -1 : 1),
  );
  return ranked.slice(0, draw.size).map((entry) => entry.deviceId);
}

/** Devices that a round selects: the goal and the share that production fleets are expected to lose, rounded up. */
export function cohortSize(goalReports: number, overSelection: number): number {
  // 10 x 1.1 is 11.000000000000002 in binary; a device more would be selected for a rounding error.
  return Math.ceil(goalReports * overSelection - 1e-9);
}
