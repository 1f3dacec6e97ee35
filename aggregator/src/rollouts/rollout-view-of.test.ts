import { describe, expect, test } from "vitest";
import { World } from "./simulation/world.js";
import { sampleConfig } from "./testing/sample-rollout.js";
import { viewOf } from "./rollout-view-of.js";

describe("what people see of a rollout", () => {
  test("is the wave that it is at, while it runs", async () => {
    const world = await worldAtWave();

    expect(viewOf(world.state).reason).toBe('wave 1 of 1, "all", waits for promotion');
  });

  test("is the reason of its pause, while it is paused", async () => {
    const world = await worldAtWave();
    const { rolloutId } = viewOf(world.state);
    await world.rollouts.command(rolloutId, "pause", {
      actor: { name: "bob", mayApprove: true },
      reason: "looks slow",
    });

    expect(viewOf(world.state).reason).toBe("looks slow");
  });

  test("counts in the install gate also who committed after the gate had passed", async () => {
    const world = await worldAtWave();

    const [gate] = viewOf(world.state).waves[0]?.gates ?? [];

    expect(gate).toMatchObject({ gate: "install", verdict: "pass", value: 1, sample: 20 });
  });
});

/** Twenty devices in one manual wave whose gate passes with half of them; all have committed. */
async function worldAtWave(): Promise<World> {
  const install = { minSuccess: 0.5, minReached: 0.5, maxErrors: 0.5, minReports: 1 };
  const waves = [{ name: "all", percent: 100, soakMs: 0, isManual: true }];
  const config = sampleConfig({ rolloutId: "first", version: 2, waves, gates: { install, metrics: [] } });
  const world = new World({
    ...{ seed: "1", numDevices: 20, config, chaos: 0 },
    outcomeOf: () => "commits",
    onState: () => undefined,
  });
  await world.begin();
  for (let step = 0; step < 12; step += 1) await world.step();
  return world;
}
