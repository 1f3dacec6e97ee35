import { stableFraction, type DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "../testing/sample-rollout.js";
import { InvariantCheck } from "./invariants.js";
import type { Outcome } from "./model-device.js";
import { World, type WorldOptions } from "./world.js";

const SEEDS = 1000;
const RESTING = new Set(["paused", "completed", "aborted", "rolled-back", "rollback-incomplete"]);

function worldOf(seed: string, change: Partial<WorldOptions> = {}): World {
  const check = new InvariantCheck();
  const config = sampleConfig({
    rolloutId: `seed-${seed}`,
    waves: [
      { name: "20 %", percent: 20, soakMs: 2000 },
      { name: "100 %", percent: 100, soakMs: 0 },
    ],
    gates: { install: { minSuccess: 0.5, minReached: 0.5, maxErrors: 0.3, minReports: 4 }, metrics: [] },
    analysis: { intervalMs: 1000, failureLimit: 0, errorLimit: 4, deadlineMs: 60_000 },
    ...{ inProgressTimeoutMs: 30_000, maxAttempts: 2 },
  });
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

describe("a fleet with drops, doubles, reordering, absences and a server that dies at any write", () => {
  test(`holds I1 to I9 in ${SEEDS} seeds`, { timeout: 240_000 }, async () => {
    let numDeaths = 0;
    const ends = new Map<string, number>();
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const world = worldOf(String(seed));
      try {
        await world.begin();
        await run(world, 20);
        if (seed % 3 === 0) {
          const actor = { name: "ada", mayApprove: true };
          const command = seed % 2 === 0 ? "rollback" : "abort";
          await world.rollouts
            .command(world.state.config.rolloutId, command, { actor, reason: "enough" })
            .catch(() => undefined);
        }
        await run(world, 10);
        await world.heal();
        await run(world, 150);
        await world.step();
        InvariantCheck.journal(world.state, world);
        expect(RESTING.has(world.state.phase), `it rests, not ${world.state.phase}`).toBe(true);
      } catch (cause) {
        throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
      numDeaths += world.numDeaths;
      ends.set(world.state.phase, (ends.get(world.state.phase) ?? 0) + 1);
      world.rollouts.close();
    }
    expect(numDeaths).toBeGreaterThan(100);
    expect(ends.size).toBeGreaterThan(2);
  });
});
