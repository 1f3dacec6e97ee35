import type { DriftStore } from "../drift-store.js";
import type { MonitoredVersions } from "../references/monitored-version.js";
import { WHOLE_FLEET, type WindowKey } from "../sums/window-key.js";
import { devicesElsewhere, type DevicesElsewhere } from "./devices-elsewhere.js";
import type { ReleaseRecord, ReleasedView } from "./release-record.js";

/** Two windows are running when one at most is missing between them: a change of which nothing was known for longer is another. */
const LOOK_BACK = 2;

/** Releases that may be of later windows: one that could not be released in its time comes after them. */
const LATER = 3;
/** Windows before whose best one is compared with: a decline in small steps is one. */
export const COMPARED_WINDOWS = 8;

/** What is known beside a window: the last release, and the views of the one before, or of the one before that. */
export interface PreviousRelease {
  readonly last: ReleaseRecord | null;
  readonly views: readonly ReleasedView[];
  /** The whole fleet's views of the windows that are compared with, newest first; without those that were not shown. */
  readonly recent: readonly ReleasedView[];
  /** Devices with rows in the window, be they enough to show or not. */
  readonly numDevicesNow: number;
  /** Devices that report of other versions of the model. */
  readonly elsewhere: DevicesElsewhere;
}

export interface PreviousParts {
  readonly store: Pick<DriftStore, "openWindows" | "sumsOf" | "listReleases" | "getRelease" | "listViews">;
  readonly versions: Pick<MonitoredVersions, "of">;
  /** Devices of windows that were released and too small to show. */
  readonly hidden: ReadonlyMap<string, number>;
  /** Fewer are not shown. */
  readonly minDevices: number;
}

/** What a window of a version, in which so many devices have rows, is compared with. */
export async function previousRelease(
  parts: PreviousParts,
  key: WindowKey,
  numDevicesNow: number,
): Promise<PreviousRelease> {
  const { store } = parts;
  const { model, version, window } = key;
  const all = await store.listReleases(model, { version, limit: LOOK_BACK + LATER });
  const earlier = all.filter((release) => release.window < window);
  const shown = earlier.find((release) => release.shown.length > 0 && release.window >= window - LOOK_BACK);
  const views = shown === undefined ? [] : (await store.getRelease(model, version, shown.window))?.views;
  return {
    last: earlier[0] ?? null,
    views: views ?? [],
    recent: await recentOf(parts, key),
    numDevicesNow,
    elsewhere: await devicesElsewhere(parts, key),
  };
}

async function recentOf(
  { store }: PreviousParts,
  { model, version, window }: WindowKey,
): Promise<ReleasedView[]> {
  const limit = COMPARED_WINDOWS + 1;
  const all = await store.listViews({ model, version, cohort: WHOLE_FLEET, limit });
  return all.filter((view) => view.window < window && view.window >= window - COMPARED_WINDOWS);
}
