import type { DriftStore, WindowSums } from "../drift-store.js";
import type { MonitoredVersion, MonitoredVersions } from "../references/monitored-version.js";
import { WHOLE_FLEET, type WindowKey } from "../sums/window-key.js";

interface Parts {
  readonly store: Pick<DriftStore, "openWindows" | "sumsOf">;
  readonly versions: Pick<MonitoredVersions, "of">;
}

/**
 * Devices that counted for other versions of the model in the window, or one beside it, which is not released yet: where a fleet
 * installs another version, its devices are in two windows, and whichever is released first must not take the others for silent.
 */
export async function countingElsewhere({ store, versions }: Parts, key: WindowKey): Promise<number> {
  const open = (await store.openWindows()).filter((other) => isBeside(key, other));
  const newest = new Map<number, WindowKey>();
  for (const other of open)
    if (other.window >= (newest.get(other.version)?.window ?? 0)) newest.set(other.version, other);
  let numDevices = 0;
  for (const other of newest.values()) {
    const monitored = await versions.of(other.model, other.version);
    if (monitored !== null) numDevices += devicesIn(await store.sumsOf(other), monitored);
  }
  return numDevices;
}

function isBeside(key: WindowKey, other: WindowKey): boolean {
  return (
    other.model === key.model && other.version !== key.version && Math.abs(other.window - key.window) <= 1
  );
}

function devicesIn({ sums }: WindowSums, { layout }: MonitoredVersion): number {
  const whole = sums.filter(({ cohort }) => cohort === WHOLE_FLEET);
  return whole.reduce((sum, { vector }) => sum + (vector[layout.rows.at] ?? 0), 0);
}
