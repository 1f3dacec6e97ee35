import { stableFraction, type DeviceId } from "@fedge/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { withTargets, withWave, type RolloutState, type Target } from "../rollout-state.js";
import { sampleConfig } from "../testing/sample-rollout.js";
import { InvariantCheck } from "./invariants.js";
import { World } from "./world.js";

const config = sampleConfig({
  waves: [
    { name: "half", percent: 50, soakMs: 3_600_000 },
    { name: "all", percent: 100, soakMs: 0 },
  ],
});
const ADA = { name: "ada", mayApprove: true };

let world: World;
let check: InvariantCheck;
beforeEach(async () => {
  world = new World({
    ...{ seed: "1", numDevices: 20, config, outcomeOf: () => "commits", chaos: 0, onState: () => undefined },
  });
  check = new InvariantCheck();
  await world.begin();
  for (let step = 0; step < 3; step += 1) await world.step();
  check.check(world.state, world);
});

/** Everything as it is but for one device that the rollout knows. */
function withOne(change: Partial<Target>, isMeant: (target: Target) => boolean = () => true): RolloutState {
  const [deviceId, target] = [...world.state.targets.entries()].find(([, each]) => isMeant(each)) ?? [];
  if (deviceId === undefined || target === undefined) throw new Error("no such device");
  return withTargets(world.state, [[deviceId, { ...target, ...change }]]);
}

const outside = (): DeviceId => {
  const found = [...world.devices.keys()].find((id) => stableFraction(config.rolloutId, id) >= 0.5);
  if (found === undefined) throw new Error("everyone is in the first half");
  return found;
};
const anyTarget = (): Target => [...world.state.targets.entries()][0]?.[1] as Target;
const anyDevice = () => [...world.devices.values()].find((device) => device.serving.version === 2)!;
const look = (state: RolloutState) => () => check.check(state, world);

/** A fault of the engine that the check would pass over is one that no simulation finds. */
describe("the check after each step finds", () => {
  beforeEach(async () => {
    for (let step = 0; step < 5; step += 1) await world.step();
    check.check(world.state, world);
  });

  test("nothing in a rollout that is well", () => {
    expect(look(world.state)).not.toThrow();
  });

  test("I1: a device that serves what it was not told", () => {
    anyDevice().serving = { version: 3, releaseCounter: 99 };

    expect(look(world.state)).toThrow(/^I1/);
  });

  test("I2: a device whose release counter fell", () => {
    anyDevice().served.push({ version: 1, releaseCounter: 1 });

    expect(look(world.state)).toThrow(/^I2/);
  });

  test("I3: a device that was told beyond the open waves", () => {
    const told: Target = { ...anyTarget(), wave: 1, state: "told", wasTold: true };

    expect(look(withTargets(world.state, [[outside(), told]]))).toThrow(/^I3/);
  });

  test("I4: a device that was told while the rollout stood still", async () => {
    await world.rollouts.command(config.rolloutId, "pause", { actor: ADA, reason: "look" });
    check.check(world.state, world);
    const told: Target = { ...anyTarget(), state: "told", wasTold: true };
    const inside = [...world.state.targets.entries()].length;
    const late = withTargets(withHalfOpen(), [["device-late" as DeviceId, told]]);

    expect(late.targets.size).toBe(inside + 1);
    expect(look(late)).toThrow(/^I4/);
  });

  test("I5: a state that was final and is another one", () => {
    expect(look(withOne({ state: "failed" }, ({ state }) => state === "committed"))).toThrow(/^I5/);
  });

  test.each([
    ["a wave", (): RolloutState => withWave(world.state, 0, { numTargets: 999 })],
    ["the states of a wave", (): RolloutState => withWave(world.state, 0, { byState: { committed: 1 } })],
    ["the committed", (): RolloutState => ({ ...world.state, numCommitted: 0 })],
    ["the way back", (): RolloutState => ({ ...world.state, backCounts: { told: 1, done: 0, failed: 0 } })],
  ])("I6: a count of %s that is not the sum over the devices", (_name, change) => {
    expect(look(change())).toThrow(/^I6/);
  });

  test("I7: a change of the rollout that nobody wrote down", () => {
    expect(look({ ...world.state, phase: "aborted", revision: world.state.revision + 1 })).toThrow(/^I7/);
  });

  test("I7: a note without whose it is", () => {
    const note = { seq: 99, atMs: 1, actor: "", event: "paused", reason: "" };

    expect(look({ ...world.state, history: [...world.state.history, note] })).toThrow(/^I7/);
  });

  test("I8: a device that works on it for ever", () => {
    const stuck = withTargets(world.state, [
      [
        "device-stuck" as DeviceId,
        { ...anyTarget(), wasTold: false, state: "installing", deadlineAtMs: null },
      ],
    ]);

    expect(look(stuck)).toThrow(/^I8/);
  });

  test("I9: a rollback that is over with a device on its way", () => {
    const onItsWay = withOne({ back: "told" });
    const note = { seq: 99, atMs: 1, actor: "system", event: "rolled back", reason: "" };

    const over = { ...onItsWay, phase: "rolled-back", history: [...onItsWay.history, note] } as const;
    expect(look(over)).toThrow(/^I9/);
  });

  test("I9: a state that the journal does not tell", () => {
    expect(() => InvariantCheck.journal({ ...world.state, numMatching: 7 }, world)).toThrow(/^I9/);
  });
});

/** A wave of everybody has begun, so that nobody is told too early; the rollout stands still. */
function withHalfOpen(): RolloutState {
  return withWave(world.state, 1, { startedAtMs: 1 });
}
