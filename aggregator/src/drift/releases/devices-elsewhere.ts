import type { DriftPolicy } from "../drift-policy.js";
import type { DriftStore } from "../drift-store.js";
import type { MonitoredVersions } from "../references/monitored-version.js";
import type { ReleaseRecord } from "./release-record.js";
import { WHOLE_FLEET, type WindowKey } from "../sums/window-key.js";

interface SumParts {
  readonly store: Pick<DriftStore, "sumsOf">;
  readonly versions: Pick<MonitoredVersions, "of">;
}

interface Parts extends SumParts {
  readonly store: Pick<DriftStore, "openWindows" | "sumsOf" | "listReleases">;
  readonly policy: Pick<DriftPolicy, "minDevices">;
}

const LOOK_BACK = 50;

/**
 * Devices that report of other versions of the model about the time of the window: a fleet that installs another is not silent. Of each
 * version the window next to this one that has most, open or released: some of its devices report of a window that is not over,
 * because they have installed yet another. Of a window that is too small to show as many as it may have.
 */
export async function devicesElsewhere(parts: Parts, key: WindowKey): Promise<number> {
  const most = new Map<number, number>();
  const note = (version: number, numDevices: number): void =>
    void most.set(version, Math.max(most.get(version) ?? 0, numDevices));
  const isMeant = ({ version, window }: Pick<WindowKey, "version" | "window">): boolean =>
    version !== key.version && Math.abs(window - key.window) <= 1;
  for (const open of await parts.store.openWindows())
    if (open.model === key.model && isMeant(open)) note(open.version, await devicesIn(parts, open));
  for (const release of await parts.store.listReleases(key.model, { limit: LOOK_BACK }))
    if (isMeant(release)) note(release.version, mostDevicesOf(release, parts.policy));
  return [...most.values()].reduce((sum, numDevices) => sum + numDevices, 0);
}

/** Devices whose counts are in the sums of an open window. */
export async function devicesIn({ store, versions }: SumParts, key: WindowKey): Promise<number> {
  const monitored = await versions.of(key.model, key.version);
  if (monitored === null) return 0;
  const { sums } = await store.sumsOf(key);
  const whole = sums.filter(({ cohort }) => cohort === WHOLE_FLEET);
  return whole.reduce((sum, { vector }) => sum + (vector[monitored.layout.rows.at] ?? 0), 0);
}

function mostDevicesOf(
  { numDevices, suppressed }: Pick<ReleaseRecord, "numDevices" | "suppressed">,
  { minDevices }: Pick<DriftPolicy, "minDevices">,
): number {
  const isHidden = suppressed.some(({ cohort }) => cohort === WHOLE_FLEET);
  return numDevices ?? (isHidden ? minDevices - 1 : 0);
}
