import type { PastRelease } from "../../store/port.js";
import type { AlertRecord } from "../alerts/alert-record.js";
import type { HeatMap } from "../drift-views.js";

type Marker = HeatMap["markers"][number];

/** What happened beside the windows, oldest first: versions that were released, alerts that were opened. */
export function markersOf(
  releases: readonly PastRelease[],
  alerts: readonly Pick<AlertRecord, "openedAtMs" | "version" | "evidence">[],
): Marker[] {
  const opened = alerts.map(({ openedAtMs, version, evidence }): Marker => {
    return { atMs: openedAtMs, kind: "alert", version, text: evidence.text };
  });
  return [...deploysOf(releases), ...opened].sort((one, other) => one.atMs - other.atMs);
}

/** A rollout makes one release for each of its waves: its first is the one to see. */
function deploysOf(releases: readonly PastRelease[]): Marker[] {
  const ordered = [...releases].sort((one, other) => one.releaseCounter - other.releaseCounter);
  return ordered.flatMap(({ releasedAtMs, version, rolloutId }, at) => {
    const before = ordered[at - 1];
    if (before?.version === version && before.rolloutId === rolloutId) return [];
    const how = rolloutId === null ? "released to the fleet" : `released by rollout ${rolloutId}`;
    return [{ atMs: releasedAtMs, kind: "release" as const, version, text: `version ${version} ${how}` }];
  });
}
