import type { DriftStore } from "../drift-store.js";
import type { MonitoredVersions } from "../references/monitored-version.js";
import { WHOLE_FLEET, type WindowKey } from "../sums/window-key.js";

interface Parts {
  readonly store: Pick<DriftStore, "openWindows" | "sumsOf" | "listReleases">;
  readonly versions: Pick<MonitoredVersions, "of">;
}

const LOOK_BACK = 50;

/**
 * Devices that report of other versions of the model now: a fleet that installs another is not silent. Of each version its newest window,
 * released or not: where devices are in two windows, whichever is released first must not take the others for silent.
 */
export async function devicesElsewhere(parts: Parts, key: WindowKey): Promise<number> {
  const newest = new Map<number, { readonly window: number; readonly count: () => Promise<number> }>();
  const note = (version: number, window: number, count: () => Promise<number>): void => {
    const isMeant = version !== key.version && window >= key.window - 1;
    if (isMeant && window > (newest.get(version)?.window ?? -1)) newest.set(version, { window, count });
  };
  for (const open of await parts.store.openWindows())
    if (open.model === key.model && open.window <= key.window + 1)
      note(open.version, open.window, () => devicesIn(parts, open));
  for (const { version, window, numDevices } of await parts.store.listReleases(key.model, {
    limit: LOOK_BACK,
  }))
    note(version, window, async () => numDevices ?? 0);
  const counts = await Promise.all([...newest.values()].map(({ count }) => count()));
  return counts.reduce((sum, numDevices) => sum + numDevices, 0);
}

async function devicesIn({ store, versions }: Parts, key: WindowKey): Promise<number> {
  const monitored = await versions.of(key.model, key.version);
  if (monitored === null) return 0;
  const { sums } = await store.sumsOf(key);
  const whole = sums.filter(({ cohort }) => cohort === WHOLE_FLEET);
  return whole.reduce((sum, { vector }) => sum + (vector[monitored.layout.rows.at] ?? 0), 0);
}
