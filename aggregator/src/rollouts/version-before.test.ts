import type { DeviceId, ModelName } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { WantedModel } from "../fleet/desired-states.js";
import type { RolloutState } from "./rollout-state.js";
import { MachineDriver, devicesOf, sampleConfig } from "./testing/sample-rollout.js";
import { versionBefore } from "./version-before.js";

const NEW = { model: "keyboard" as ModelName, version: 9 };
const DEVICES = devicesOf(5);

/** The first devices are told to run version 4, the rest the fleet's 3. */
function before(numOverridden: number, states: readonly RolloutState[]): number | null {
  const overridden = new Set<DeviceId>(DEVICES.slice(0, numOverridden));
  const wantedOf = (deviceId: DeviceId) => ({ version: overridden.has(deviceId) ? 4 : 3 }) as WantedModel;
  const desired = { wantedOf, fleetVersion: () => 3 };
  return versionBefore(
    NEW,
    DEVICES.map((deviceId) => ({ deviceId })),
    { desired, states },
  );
}

function rolloutOf(change: Partial<RolloutState>): RolloutState {
  const { state } = new MachineDriver(sampleConfig({ version: 4 }));
  return { ...state, phase: "completed", ...change };
}

describe("what a rollout goes back to and is compared with", () => {
  test("is what an earlier rollout brought to most of its devices", () => {
    expect(before(3, [rolloutOf({})])).toBe(4);
  });

  test("is the fleet's where fewer run the other one", () => {
    expect(before(2, [rolloutOf({})])).toBe(3);
  });

  test.each([
    ["still runs", { phase: "running" }],
    ["was aborted", { phase: "aborted" }],
    ["was taken back", { backCounter: 7 }],
  ] as const)("is not the version of a rollout that %s", (_what, change) => {
    expect(before(5, [rolloutOf(change)])).toBe(3);
  });

  test("is never the rollout's own version", () => {
    const own = rolloutOf({ config: sampleConfig({ version: 9 }) });
    const desired = { wantedOf: () => ({ version: 9 }) as WantedModel, fleetVersion: () => 3 };

    expect(versionBefore(NEW, [{ deviceId: "d" as DeviceId }], { desired, states: [own] })).toBe(3);
  });

  test("is the fleet's where no device is meant yet, and none where the fleet has none", () => {
    const none = { wantedOf: () => undefined, fleetVersion: () => null };

    expect(before(0, [])).toBe(3);
    expect(versionBefore(NEW, [], { desired: none, states: [] })).toBeNull();
  });
});
