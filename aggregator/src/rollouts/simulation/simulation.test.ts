import { stableFraction, type DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { RolloutConfig } from "../rollout-config.js";
import { isFinal } from "../rollout-state.js";
import type { RolloutCommand } from "../rollout-view.js";
import { sampleConfig } from "../testing/sample-rollout.js";
import { InvariantCheck } from "./invariants.js";
import type { Outcome } from "./model-device.js";
import { World, type WorldOptions } from "./world.js";

const SEEDS = 1000;
const RESTING = new Set(["paused", "completed", "aborted", "rolled-back", "rollback-incomplete"]);

function worldConfig(seed: string): RolloutConfig {
  return sampleConfig({
    rolloutId: `seed-${seed}`,
    waves: [
      { name: "20 %", percent: 20, soakMs: 2000 },
      { name: "100 %", percent: 100, soakMs: 0 },
    ],
    gates: { install: { minSuccess: 0.5, minReached: 0.5, maxErrors: 0.3, minReports: 4 }, metrics: [] },
    analysis: { intervalMs: 1000, failureLimit: 0, errorLimit: 4, deadlineMs: 60_000 },
    rate: { basePerMinute: 4, factor: 3, growAt: 2, maxPerMinute: 1000 },
    ...{ inProgressTimeoutMs: 30_000, maxAttempts: 2, onAbort: Number(seed) % 2 === 0 ? "finish" : "cancel" },
  });
}

function worldOf(seed: string, change: Partial<WorldOptions> = {}): World {
  const check = new InvariantCheck();
  const config = worldConfig(seed);
  const outcomeOf = (deviceId: DeviceId, version: number): Outcome => {
    const place = stableFraction(`${seed}/fate`, deviceId);
    if (version === 1 || place > 0.2) return "commits";
    return place < 0.07 ? "fails" : place < 0.14 ? "rolls-back" : "rejects";
  };
  const onState: WorldOptions["onState"] = (state, world) => check.check(state, world);
  return new World({ seed, numDevices: 12, config, outcomeOf, chaos: 1, onState, ...change });
}

async function run(world: World, numSteps: number): Promise<void> {
  for (let step = 0; step < numSteps && !RESTING.has(world.state.phase); step += 1) await world.step();
}

const ADA = { name: "ada", mayApprove: true };

async function order(world: World, command: RolloutCommand): Promise<void> {
  const { rolloutId } = world.state.config;
  // A server that is dead, or a state that does not allow it, refuses: as it would a person.
  await world.rollouts.command(rolloutId, command, { actor: ADA, reason: "enough" }).catch(() => undefined);
}

/** A person looks in, stands it still for a while, and one time of three ends it. */
async function night(world: World, seed: number): Promise<void> {
  await world.begin();
  await run(world, 4 + (seed % 5));
  await order(world, "pause");
  for (let step = 0; step < 5; step += 1) await world.step();
  await order(world, "resume");
  await run(world, 15);
  if (seed % 3 === 0) await order(world, seed % 2 === 0 ? "rollback" : "abort");
  await run(world, 10);
  await world.heal();
  for (let again = 0; again < 12 && world.state.phase !== "completed"; again += 1) {
    await run(world, 200);
    await order(world, again % 2 === 0 ? "resume" : "promote");
  }
  await run(world, 200);
  // Those in the middle of it when the last gate passed come to their end, or their time does.
  for (let step = 0; step < 60 && !isStill(world); step += 1) await world.step();
  await world.step();
}

function isStill({ state }: World): boolean {
  const { told, failed } = state.backCounts;
  const isBack = !state.phase.startsWith("roll") || told + failed === 0;
  return isBack && [...state.targets.entries()].every(([, target]) => isFinal(target));
}

/** I9: with everything well again, everyone online is where he should be, or has said why not. */
function expectArrived(world: World): void {
  const { phase, targets, fallbackVersion, config } = world.state;
  expect(RESTING.has(phase), `it rests, not ${phase}`).toBe(true);
  // What reached everyone is the fleet's version: who came too late for the rollout has it all the same.
  if (phase === "completed" && world.state.isPromoted)
    for (const [deviceId, device] of world.devices)
      if (targets.get(deviceId) === undefined) expect(device.serving.version).toBe(config.version);
  for (const [deviceId, target] of targets.entries()) {
    const version = world.devices.get(deviceId)?.serving.version;
    if (phase === "completed" && target.state === "committed") expect(version).toBe(config.version);
    if (phase === "rolled-back") expect(version).toBe(fallbackVersion);
    if (phase === "completed") expect(isFinal(target), `${deviceId} is ${target.state}`).toBe(true);
  }
}

describe("a fleet with drops, doubles, reordering, absences, partitions and a server that dies at any write", () => {
  test(
    `I1, I2, I3, I4, I5, I6, I7, I8 and I9 hold after each step in ${SEEDS} seeds`,
    { timeout: 240_000 },
    async () => {
      let [numDeaths, numPartitions] = [0, 0];
      const ends = new Map<string, number>();
      for (let seed = 0; seed < SEEDS; seed += 1) {
        const world = worldOf(String(seed));
        try {
          await night(world, seed);
          InvariantCheck.journal(world.state, world);
          expectArrived(world);
        } catch (cause) {
          throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
            cause,
          });
        }
        numDeaths += world.numDeaths;
        numPartitions += world.numPartitions;
        ends.set(world.state.phase, (ends.get(world.state.phase) ?? 0) + 1);
        await world.rollouts.close();
      }
      expect(numDeaths).toBeGreaterThan(SEEDS / 2);
      expect(numPartitions).toBeGreaterThan(SEEDS / 2);
      expect(ends.size, JSON.stringify([...ends])).toBe(3);
      expect([...ends.keys()].sort()).toEqual(["aborted", "completed", "rolled-back"]);
    },
  );

  test(
    "brings ten thousand devices to the version, through two waves and deaths",
    { timeout: 240_000 },
    async () => {
      const world = worldOf("many", {
        ...{ numDevices: 10_000, config: { ...worldConfig("many"), rate: null }, outcomeOf: () => "commits" },
        chaos: 0.3,
      });
      await world.begin();
      await run(world, 15);
      await world.heal();
      await run(world, 60);
      // A wave is complete before the last of its devices is.
      for (let step = 0; step < 60 && !isStill(world); step += 1) await world.step();

      expect(world.state.phase).toBe("completed");
      expect(world.state.numCommitted).toBeGreaterThan(9000);
      InvariantCheck.journal(world.state, world);
    },
  );
});
