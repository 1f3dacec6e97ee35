import type { DriftStore, StoredSum } from "../drift-store.js";
import type { MonitoredVersion, MonitoredVersions } from "../references/monitored-version.js";
import { numDevicesIn } from "../statistics/feature-statistics.js";
import type { ReleaseRecord } from "./release-record.js";
import { WHOLE_FLEET, windowKeyText, type WindowKey } from "../sums/window-key.js";

interface Parts {
  readonly store: Pick<DriftStore, "openWindows" | "sumsOf" | "listReleases">;
  readonly versions: Pick<MonitoredVersions, "of">;
  /** Devices of windows that were released and too small to show, as far as this process released them. */
  readonly hidden: ReadonlyMap<string, number>;
  /** Fewer are not shown. */
  readonly minDevices: number;
}

const LOOK_BACK = 50;

export interface DevicesElsewhere {
  /** Devices that report of other versions. */
  readonly numDevices: number;
  /** Those of newer versions whose windows are too small to say anything. */
  readonly numHiddenAhead: number;
}

const NOBODY: DevicesElsewhere = { numDevices: 0, numHiddenAhead: 0 };

interface Span {
  readonly beginsAtMs: number;
  readonly endsAtMs: number;
}

/**
 * Devices that report of other versions of the model at the time of the window, released or not: a fleet that installs another is not
 * silent. Of a version whose windows are of another length the one that has most, with the one before: devices tell of a window
 * when it is over.
 */
export async function devicesElsewhere(parts: Parts, key: WindowKey): Promise<DevicesElsewhere> {
  const { store, versions } = parts;
  const own = await versions.of(key.model, key.version);
  if (own === null) return NOBODY;
  const most = new Map<number, number>();
  const note = (version: number, numDevices: number): void =>
    void most.set(version, Math.max(most.get(version) ?? 0, numDevices));
  const span = spanOf(own, key.window);
  for (const open of await store.openWindows()) {
    if (open.model !== key.model || open.version === key.version) continue;
    const monitored = await versions.of(open.model, open.version);
    if (monitored !== null && isAbout(spanOf(monitored, open.window), span))
      note(open.version, devicesOf(monitored, (await store.sumsOf(open)).sums));
  }
  for (const release of await store.listReleases(key.model, { limit: LOOK_BACK }))
    if (release.version !== key.version && isAbout(release, span))
      note(release.version, release.numDevices ?? numHiddenIn(release, parts));
  const ahead = [...most].filter(([version, count]) => version > key.version && count < parts.minDevices);
  return {
    numDevices: sumOf([...most.values()]),
    numHiddenAhead: sumOf(ahead.map(([, numDevices]) => numDevices)),
  };
}

/** Of a window that was too small to show: as many as there can be, when another process released it. */
function numHiddenIn(release: ReleaseRecord, { hidden, minDevices }: Parts): number {
  if (release.suppressed.length === 0) return 0;
  return hidden.get(windowKeyText(release)) ?? minDevices - 1;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Devices with rows whose counts are in the sums of a window. */
export function devicesOf(
  monitored: Pick<MonitoredVersion, "layout" | "profile">,
  sums: readonly StoredSum[],
): number {
  const numDevicesOf = numDevicesIn(monitored);
  const whole = sums.filter(({ cohort }) => cohort === WHOLE_FLEET);
  return whole.reduce((sum, { vector }) => sum + numDevicesOf(vector), 0);
}

function spanOf({ profile: { window } }: Pick<MonitoredVersion, "profile">, at: number): Span {
  return { beginsAtMs: at * window.lengthMs, endsAtMs: (at + 1) * window.lengthMs };
}

function isAbout({ beginsAtMs, endsAtMs }: Span, span: Span): boolean {
  const lengthMs = endsAtMs - beginsAtMs;
  const isAlike = lengthMs === span.endsAtMs - span.beginsAtMs;
  return beginsAtMs < span.endsAtMs && endsAtMs > span.beginsAtMs - (isAlike ? 0 : lengthMs);
}
