import type { DeviceId, InstallState } from "@fedge/protocol";
import { expect, test } from "vitest";
import type { DeviceStep } from "../fleet/fleet-messages.js";
import { Exposure } from "./exposure.js";

const at = (index: number, version: number, seconds: number) => ({
  ...{ index, version, deviceId: `device-${index}` as DeviceId, atMs: 1000 * seconds },
});
const serves = (...of: Parameters<typeof at>): DeviceStep => ({ ...at(...of), what: "serves" });
const installs = (state: InstallState, ...of: Parameters<typeof at>): DeviceStep => ({
  ...at(...of),
  ...{ what: "installs", state, reason: null },
});

function after(...steps: readonly DeviceStep[]): Exposure {
  const exposure = new Exposure();
  for (const step of steps) exposure.note(step);
  return exposure;
}

test("a version is gone when every device that had it serves another one; the time runs from the first to the last", () => {
  const exposure = after(
    ...[serves(0, 1, 1), serves(1, 1, 1)],
    ...[installs("probation", 0, 2, 9), serves(0, 2, 10), serves(1, 2, 12)],
    serves(0, 1, 13),
  );
  expect([exposure.isGone(2), exposure.secondsToRestored(2)]).toEqual([false, null]);

  exposure.note(serves(1, 1, 17.5));

  expect([exposure.isGone(2), exposure.secondsToRestored(2)]).toEqual([true, 7.5]);
  expect(exposure.exposed(2).map(({ index }) => index)).toEqual([0, 1]);
});

test("a device that gave a version up before it served was not exposed to it", () => {
  const exposure = after(serves(0, 1, 1), installs("assigned", 0, 2, 2), installs("failed", 0, 2, 5));

  expect(exposure.encounters(2)).toHaveLength(1);
  expect(exposure.exposed(2)).toEqual([]);
  expect([exposure.isGone(2), exposure.secondsToRestored(2)]).toEqual([true, 3]);
});

test("who was still downloading when others healed does not count in their time", () => {
  const exposure = after(
    ...[serves(0, 1, 1), serves(1, 1, 1), installs("downloading", 1, 2, 2)],
    ...[serves(0, 2, 3), serves(0, 1, 5), installs("failed", 1, 2, 60)],
  );

  expect(exposure.secondsToRestored(2)).toBe(2);
});

test("a device that says it rolls back still has the version until another one serves", () => {
  const exposure = after(serves(0, 1, 1), serves(0, 2, 2), installs("rolled-back", 0, 2, 3));
  expect(exposure.isGone(2)).toBe(false);

  exposure.note(serves(0, 1, 4));
  expect(exposure.isGone(2)).toBe(true);
});

test("of a version that nobody took up there is no time", () => {
  expect(after(serves(0, 1, 1)).secondsToRestored(2)).toBeNull();
});
