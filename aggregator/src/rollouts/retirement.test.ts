import type { DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { isRetired } from "./retirement.js";
import type { RolloutId } from "./rollout-config.js";
import { World, type WorldOptions } from "./simulation/world.js";
import { sampleConfig } from "./testing/sample-rollout.js";

const ADA = { name: "ada", mayApprove: true };
const NUM_FINISHED = 12;
const NUM_DEVICES = 40;
const config = (at: number) =>
  sampleConfig({
    ...{ rolloutId: `night-${at}`, version: at + 2 },
    waves: [{ name: "all", percent: 100, soakMs: 0 }],
  });

/** As many finished rollouts of the whole fleet, one after the other: each takes the devices over from the one before. */
async function finished(change: Partial<WorldOptions> = {}): Promise<World> {
  const world = new World({
    ...{ seed: "1", numDevices: NUM_DEVICES, config: config(0), outcomeOf: () => "commits", chaos: 0 },
    onState: () => undefined,
    ...change,
  });
  await world.begin();
  for (let at = 0; at < NUM_FINISHED; at += 1) {
    if (at > 0) await started(world, at);
    for (let step = 0; step < 12; step += 1) await world.step();
  }
  return world;
}

async function started(world: World, at: number): Promise<void> {
  const { rolloutId } = await world.rollouts.create(config(at), ADA);
  await world.rollouts.command(rolloutId, "start", { actor: ADA, reason: "go" });
}

const named = (at: number): RolloutId => `night-${at}` as RolloutId;

describe("rollouts that are over", () => {
  test("cost a start no event and, but for the newest, no device", async () => {
    const world = await finished();
    const events = [...world.store.journals.values()].reduce((sum, journal) => sum + journal.length, 0);
    expect(events).toBeGreaterThan(NUM_FINISHED * NUM_DEVICES);
    const before = await world.rollouts.list();

    const report = await world.restart();

    expect(report).toEqual({ numRollouts: NUM_FINISHED, numRetired: NUM_FINISHED - 1, numReplayed: 0 });
    expect(world.rollouts.states().map(({ targets }) => targets.size)).toEqual([
      ...Array.from({ length: NUM_FINISHED - 1 }, () => 0),
      NUM_DEVICES,
    ]);
    expect(await world.rollouts.list()).toEqual(before);
  });

  test("are shown with history and devices, read when somebody asks", async () => {
    const world = await finished();
    const shown = async () => [
      await world.rollouts.get(named(3)),
      await world.rollouts.history(named(3)),
      await world.rollouts.targets(named(3), { limit: 5, offset: 2 }),
    ];
    const before = await shown();

    await world.restart();

    expect(await shown()).toEqual(before);
    expect(world.rollouts.states().filter(({ targets }) => targets.size > 0)).toHaveLength(1);
  });

  test("wake up for an order, once, and are kept as they became", async () => {
    const world = await finished();
    await world.restart();
    const how = { actor: ADA, reason: "not needed" };
    await Promise.allSettled([
      world.rollouts.command(named(3), "pause", how),
      world.rollouts.delete(named(3), ADA),
    ]);
    for (let step = 0; step < 2; step += 1) await world.step();

    const report = await world.restart();

    expect((await world.rollouts.list()).map(({ rolloutId }) => rolloutId)).not.toContain("night-3");
    expect((await world.rollouts.history(named(3))).at(-1)).toMatchObject({ event: "deleted", actor: "ada" });
    expect(report).toMatchObject({ numRetired: NUM_FINISHED - 1, numReplayed: 0 });
  });

  test("say that there is none for a name that is nobody's", async () => {
    const world = await finished();
    await world.restart();

    await expect(world.rollouts.get(named(99))).rejects.toMatchObject({ code: "ROLLOUT_UNKNOWN" });
    await expect(world.rollouts.targets(named(99))).rejects.toMatchObject({ code: "ROLLOUT_UNKNOWN" });
  });

  test("without any snapshot are replayed, and kept for the next start", async () => {
    const world = await finished();
    world.store.snapshots.clear();

    const first = await world.restart();
    await world.step();
    const second = await world.restart();

    expect(first.numReplayed).toBeGreaterThan(NUM_FINISHED * NUM_DEVICES);
    expect(second).toMatchObject({ numRetired: NUM_FINISHED - 1, numReplayed: 0 });
  });

  test("do not retire while a device still has to hear of them", async () => {
    const away = "device-7" as DeviceId;
    const world = await finished();
    const last = world.rollouts.states().at(-1);

    expect(last?.targets.get(away)).toMatchObject({ wasTold: true, isReplaced: false });
    expect(last === undefined || isRetired(last)).toBe(false);
  });
});
