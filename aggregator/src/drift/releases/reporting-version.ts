import type { ReleaseRecord } from "./release-record.js";

/** A version whose newest window ended so many of its windows before the newest of all has no devices any more. */
const LAST_WINDOWS = 2;

/**
 * The version that most devices report of, from the newest release of each, in the order of their versions' newest releases: a canary,
 * or a device that came back with an old version, does not stand for the model. Undefined without a release.
 */
export function reportingVersion(newest: readonly ReleaseRecord[]): number | undefined {
  const lastMs = Math.max(...newest.map(({ endsAtMs }) => endsAtMs));
  const recent = newest.filter(
    ({ beginsAtMs, endsAtMs }) => endsAtMs >= lastMs - LAST_WINDOWS * (endsAtMs - beginsAtMs),
  );
  // Of too few to be shown are fewer than of any that is.
  const numDevicesOf = ({ numDevices }: ReleaseRecord): number => numDevices ?? 0;
  const most = Math.max(...recent.map(numDevicesOf));
  return recent.find((release) => numDevicesOf(release) === most)?.version;
}
