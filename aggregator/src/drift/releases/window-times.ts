import type { DriftPolicy } from "../drift-policy.js";
import type { ModelVerdict } from "../drift-views.js";
import { closingOf } from "../intake/profile-intake.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import type { ReleaseRecord } from "./release-record.js";

/** How long windows are, when the next is released at the soonest, and what those before said; releases come newest first. */
export function windowTimes(
  monitored: MonitoredVersion,
  scene: {
    readonly releases: readonly ReleaseRecord[];
    readonly policy: DriftPolicy;
    readonly nowMs: number;
  },
): Pick<ModelVerdict, "windowMs" | "nextReleaseAtMs" | "recent"> {
  const { releases, policy, nowMs } = scene;
  const { lengthMs } = monitored.profile.window;
  const last = releases[0]?.window ?? -1;
  // The oldest window that can still be counted, and was not released.
  let next = Math.max(last + 1, Math.floor(nowMs / lengthMs) - Math.ceil(graceWindows(monitored, policy)));
  while (closingOf(monitored, next, policy) <= nowMs) next += 1;
  return {
    windowMs: lengthMs,
    nextReleaseAtMs: closingOf(monitored, next, policy),
    recent: [...releases].reverse().map(({ window, beginsAtMs, endsAtMs, numDevices, verdict }) => ({
      ...{ window, beginsAtMs, endsAtMs, numDevices, verdict },
    })),
  };
}

function graceWindows(monitored: MonitoredVersion, policy: DriftPolicy): number {
  const { lengthMs } = monitored.profile.window;
  return (closingOf(monitored, 0, policy) - lengthMs) / lengthMs + 1;
}
