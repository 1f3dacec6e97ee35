import { stableFraction, type DeviceId } from "@fedge/protocol";

/**
 * The arm of a device: where its place among all falls in the arms' cumulative shares. A change of shares moves only
 * devices between an old and a new edge. The seed differs from that of the waves: whoever is early is in no arm for it.
 */
export function armOf(rolloutId: string, deviceId: DeviceId, shares: readonly number[]): number {
  const place = stableFraction(`${rolloutId}/arms`, deviceId);
  let edge = 0;
  for (const [arm, share] of shares.entries()) {
    edge += share;
    if (place < edge - 1e-12) return arm;
  }
  return shares.length - 1;
}
