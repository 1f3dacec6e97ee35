import { type DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { RolloutId } from "./rollout-config.js";
import { World, type WorldOptions } from "./simulation/world.js";
import { sampleConfig } from "./testing/sample-rollout.js";

const ADA = { name: "ada", mayApprove: false };
const GRACE = { name: "grace", mayApprove: true };
const all = [{ name: "all", percent: 100, soakMs: 0 }];
const later = (name: string, version: number, change: object = {}) =>
  sampleConfig({ rolloutId: name, version, waves: all, ...change });

function worldOf(change: Partial<WorldOptions> = {}): World {
  return new World({
    ...{ seed: "1", numDevices: 20, config: later("first", 2), outcomeOf: () => "commits", chaos: 0 },
    onState: () => undefined,
    ...change,
  });
}

async function steps(world: World, count: number): Promise<void> {
  for (let step = 0; step < count; step += 1) await world.step();
}

async function started(world: World, name: string, version: number, change: object = {}): Promise<RolloutId> {
  const { rolloutId } = await world.rollouts.create(later(name, version, change), GRACE);
  await world.rollouts.command(rolloutId, "start", { actor: GRACE, reason: "go" });
  return rolloutId;
}

const serving = (world: World): number[] =>
  [...world.devices.values()].map((device) => device.serving.version);

describe("rollouts", () => {
  test("a rollout without any trouble brings every device to the version, and makes it the fleet's", async () => {
    const world = worldOf();
    await world.begin();
    await steps(world, 12);

    expect(world.state).toMatchObject({ phase: "completed", isPromoted: true });
    expect(new Set(serving(world))).toEqual(new Set([2]));
  });

  test("blobs of what has become the fleet's are let go, and those of a way back are kept for who comes late", async () => {
    const world = worldOf();
    await world.begin();
    await steps(world, 2);
    expect([...world.heldBlobs]).toEqual(["rollout/first/2"]);
    await steps(world, 10);
    expect([...world.heldBlobs]).toEqual([]);

    const how = { actor: ADA, reason: "a bad night" };
    await world.rollouts.command("first" as RolloutId, "rollback", how);
    await steps(world, 12);

    expect(world.state.phase).toBe("rolled-back");
    expect([...world.heldBlobs]).toEqual(["rollout/first/1"]);
  });

  test("blobs of a rollout whose devices a newer one has taken over are let go", async () => {
    const world = worldOf();
    await world.begin();
    await steps(world, 12);
    await started(world, "second", 3, { filter: "presence == online" });
    await steps(world, 4);
    expect([...world.heldBlobs]).toEqual(["rollout/second/3"]);
    await steps(world, 10);

    // Not the whole fleet's: its devices have nobody else who keeps them.
    expect([...world.heldBlobs]).toEqual(["rollout/second/3"]);
    await started(world, "third", 4);
    await steps(world, 14);

    expect([...world.heldBlobs]).toEqual([]);
  });

  test("R7: the creator cannot approve, nor can somebody without the right", async () => {
    const world = worldOf();
    const { rolloutId } = await world.rollouts.create(later("careful", 2, { needsApproval: true }), GRACE);
    const approve = (actor: typeof ADA) =>
      world.rollouts.command(rolloutId, "approve", { actor, reason: "" });

    await expect(approve(GRACE)).rejects.toMatchObject({ code: "SELF_APPROVAL" });
    await expect(approve(ADA)).rejects.toMatchObject({ code: "ROLE_INSUFFICIENT" });
    await expect(
      world.rollouts.command(rolloutId, "start", { actor: GRACE, reason: "" }),
    ).rejects.toMatchObject({ code: "APPROVAL_REQUIRED" });
    expect(await approve({ name: "joan", mayApprove: true })).toMatchObject({
      state: "ready",
      approvedBy: "joan",
    });
  });

  test("R7: what somebody without the right makes or edits waits for approval, whatever its plan says", async () => {
    const world = worldOf();
    const { rolloutId, state } = await world.rollouts.create(later("eager", 2), ADA);
    expect(state).toBe("waiting-approval");

    await world.rollouts.command(rolloutId, "approve", { actor: GRACE, reason: "" });
    const edited = await world.rollouts.edit(rolloutId, later("eager", 3), { actor: ADA });

    expect(edited).toMatchObject({ state: "waiting-approval", config: { needsApproval: true } });
  });

  test("R7: no edit takes the need of approval away", async () => {
    const world = worldOf();
    const { rolloutId } = await world.rollouts.create(later("careful", 2, { needsApproval: true }), ADA);

    const edit = world.rollouts.edit(rolloutId, later("careful", 2), { actor: GRACE });

    await expect(edit).rejects.toMatchObject({ code: "APPROVAL_REQUIRED" });
    expect(await world.rollouts.get(rolloutId)).toMatchObject({
      state: "waiting-approval",
      createdBy: "ada",
    });
  });

  test("R7: who edits and approves at the same time approves his own", async () => {
    const world = worldOf();
    const plan = later("careful", 2, { needsApproval: true });
    const { rolloutId } = await world.rollouts.create(plan, ADA);
    const approve = () => world.rollouts.command(rolloutId, "approve", { actor: GRACE, reason: "" });

    const editing = world.rollouts.edit(rolloutId, later("careful", 3, { needsApproval: true }), {
      actor: GRACE,
    });
    const approvals = [];
    for (let turn = 0; turn < 20; turn += 1) {
      approvals.push(approve());
      await Promise.resolve();
    }
    await Promise.allSettled([editing, ...approvals]);

    expect(await world.rollouts.get(rolloutId)).toMatchObject({
      state: "waiting-approval",
      createdBy: "grace",
    });
  });

  const once = { name: "once", percent: 10, soakMs: 0 };
  test.each<[string, object, string]>([
    ["two waves of one name", { waves: [once, { ...once, percent: 100 }] }, "two waves have the same name"],
    [
      "an end that has passed",
      { schedule: { startAtMs: null, windows: [], endAtMs: 1, onEnd: "abort" } },
      "has passed already",
    ],
  ])("refuse a plan with %s", async (_, change, sentence) => {
    const world = worldOf();

    await expect(world.rollouts.create(later("odd", 2, change), GRACE)).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining(sentence) as string,
    });
  });

  test("R9 and R35: a newer rollout takes devices over, and the older one's are superseded", async () => {
    const world = worldOf();
    await world.begin();
    await steps(world, 2);
    await started(world, "second", 3);
    await steps(world, 12);

    expect(new Set(serving(world))).toEqual(new Set([3]));
    const { targets } = await world.rollouts.targets("first" as RolloutId);
    expect(new Set(targets.map(({ state }) => state))).toEqual(new Set(["superseded"]));
  });

  test("R35: a rollout of less priority leaves the devices to the one with more, and its preview says so", async () => {
    const world = worldOf({ config: later("first", 2, { priority: 9 }) });
    await world.begin();
    await steps(world, 2);
    const preview = await world.rollouts.preview(later("second", 3));
    await started(world, "second", 3);
    await steps(world, 12);

    expect(preview.conflicts).toEqual([{ rolloutId: "first", numDevices: 20, wins: false }]);
    expect(new Set(serving(world))).toEqual(new Set([2]));
  });

  test("R10: what never started disappears; what did is over first, and then hidden with its history kept", async () => {
    const world = worldOf();
    const { rolloutId } = await world.rollouts.create(later("idea", 2), ADA);
    await world.rollouts.delete(rolloutId, ADA);
    await expect(world.rollouts.get(rolloutId)).rejects.toMatchObject({ code: "ROLLOUT_UNKNOWN" });

    await world.begin();
    const first = "first" as RolloutId;
    await expect(world.rollouts.delete(first, ADA)).rejects.toMatchObject({ code: "ROLLOUT_STATE_CONFLICT" });
    await steps(world, 12);
    await world.rollouts.delete(first, ADA);

    expect(await world.rollouts.list()).toEqual([]);
    expect((await world.rollouts.history(first)).map(({ event }) => event)).toContain("completed");
  });

  test("R10: what one person starts while another deletes it either runs or is gone", async () => {
    const world = worldOf();
    const { rolloutId } = await world.rollouts.create(later("idea", 2), GRACE);

    const [start, erase] = await Promise.allSettled([
      world.rollouts.command(rolloutId, "start", { actor: GRACE, reason: "go" }),
      world.rollouts.delete(rolloutId, ADA),
    ]);

    const states = world.rollouts.states().map(({ phase }) => phase);
    if (start.status === "fulfilled") {
      expect(erase).toMatchObject({ reason: { code: "ROLLOUT_STATE_CONFLICT" } });
      expect(states).toEqual(["running"]);
    } else {
      expect(start).toMatchObject({ reason: { code: "ROLLOUT_UNKNOWN" } });
      expect(erase.status).toBe("fulfilled");
      expect(states).toEqual([]);
    }
  });

  test("R10: what one person deletes while another starts it does not start", async () => {
    const world = worldOf();
    const { rolloutId } = await world.rollouts.create(later("idea", 2), GRACE);

    const [erase, start] = await Promise.allSettled([
      world.rollouts.delete(rolloutId, ADA),
      world.rollouts.command(rolloutId, "start", { actor: GRACE, reason: "go" }),
    ]);

    expect(erase.status).toBe("fulfilled");
    expect(start).toMatchObject({ reason: { code: "ROLLOUT_UNKNOWN" } });
    await expect(world.rollouts.get(rolloutId)).rejects.toMatchObject({ code: "ROLLOUT_UNKNOWN" });
  });

  test("R17: a device that was away during three rollouts installs only the newest", async () => {
    const world = worldOf();
    const away = world.devices.get("device-0" as DeviceId)!;
    away.isOnline = false;
    Object.defineProperty(away, "isOnline", { get: () => false, set: () => undefined, configurable: true });
    await world.begin();
    for (const version of [3, 4]) {
      await steps(world, 10);
      await started(world, `newer-${version}`, version);
    }
    await steps(world, 10);
    Object.defineProperty(away, "isOnline", { value: true, writable: true });
    await steps(world, 10);

    expect(new Set(away.served.map(({ version }) => version))).toEqual(new Set([4]));
  });

  test("a shadow that a newer one pushed aside runs again when that is over, also after a restart", async () => {
    const world = worldOf({ config: later("first", 2, { kind: "shadow" }) });
    const shadows = () => new Set([...world.documents.values()].map(({ shadow }) => shadow?.version));
    await world.begin();
    await steps(world, 3);
    expect(shadows()).toEqual(new Set([2]));
    const second = await started(world, "second", 3, { kind: "shadow" });
    await steps(world, 3);
    expect(shadows()).toEqual(new Set([3]));

    await world.rollouts.command(second, "abort", { actor: GRACE, reason: "seen enough" });
    await steps(world, 3);
    expect(shadows()).toEqual(new Set([2]));
    await world.restart();
    expect(shadows()).toEqual(new Set([2]));

    await world.rollouts.command("first" as RolloutId, "abort", { actor: GRACE, reason: "enough" });
    await steps(world, 3);
    expect(shadows()).toEqual(new Set([undefined]));
  });

  test("of two shadows a device has the one that was made last, though the other is started later, also after a restart", async () => {
    const world = worldOf();
    const older = await world.rollouts.create(later("older", 2, { kind: "shadow" }), GRACE);
    const shadows = () => new Set([...world.documents.values()].map(({ shadow }) => shadow?.version));
    await started(world, "newer", 3, { kind: "shadow" });
    await steps(world, 3);
    await world.rollouts.command(older.rolloutId, "start", { actor: GRACE, reason: "go" });
    await steps(world, 3);

    expect(shadows()).toEqual(new Set([3]));
    await world.restart();
    expect(shadows()).toEqual(new Set([3]));
  });

  test("a device that a rollout brings to another version runs no shadow any more, whatever is started or restarted then", async () => {
    const world = worldOf({ config: later("mover", 4) });
    const { rolloutId: older } = await world.rollouts.create(later("older", 2, { kind: "shadow" }), GRACE);
    await started(world, "newer", 3, { kind: "shadow" });
    await steps(world, 3);
    await world.begin();
    await steps(world, 12);
    const shadows = () => new Set([...world.documents.values()].map(({ shadow }) => shadow?.version));
    expect([new Set(serving(world)), shadows()]).toEqual([new Set([4]), new Set([undefined])]);

    await world.restart();
    expect(shadows()).toEqual(new Set([undefined]));
    await world.rollouts.command(older, "start", { actor: GRACE, reason: "go" });
    await steps(world, 3);
    // That is one of the new version's.
    expect(shadows()).toEqual(new Set([2]));
  });

  test("R21 and R24: rolled back, all are on the old version again, by a release with a higher counter", async () => {
    const world = worldOf();
    await world.begin();
    await steps(world, 12);
    const forward = Math.max(...[...world.devices.values()].map((device) => device.serving.releaseCounter));

    const how = { actor: GRACE, reason: "bad night" };
    await world.rollouts.command("first" as RolloutId, "rollback", how);
    await steps(world, 10);

    expect(world.state.phase).toBe("rolled-back");
    expect(new Set(serving(world))).toEqual(new Set([1]));
    for (const { serving: now } of world.devices.values())
      expect(now.releaseCounter).toBeGreaterThan(forward);
  });

  describe("R24: a rollout of what the fleet ran lately", () => {
    const soaking = { waves: [{ name: "all", percent: 100, soakMs: 3_600_000 }] };

    test("R24: skips the soak, under a counter of its own", async () => {
      const world = worldOf();
      await world.begin();
      await steps(world, 12);
      await started(world, "second", 3);
      await steps(world, 12);
      const before = Math.max(...[...world.devices.values()].map((device) => device.serving.releaseCounter));

      const back = await started(world, "back", 2, soaking);
      await steps(world, 12);

      expect(await world.rollouts.get(back)).toMatchObject({ state: "completed" });
      expect(new Set(serving(world))).toEqual(new Set([2]));
      for (const { serving: now } of world.devices.values())
        expect(now.releaseCounter).toBeGreaterThan(before);
    });

    test("R24: is one of the last three versions only; an older one soaks like a new one", async () => {
      const world = worldOf();
      await world.begin();
      for (const version of [3, 4, 5, 6]) {
        await steps(world, 12);
        await started(world, `version-${version}`, version);
      }
      await steps(world, 12);

      const back = await started(world, "back", 2, soaking);
      await steps(world, 12);

      expect(await world.rollouts.get(back)).toMatchObject({ state: "running" });
    });
  });

  test("R24: an edit to a version that the fleet never ran soaks like a new one", async () => {
    const world = worldOf();
    await world.begin();
    await steps(world, 12);
    await started(world, "second", 3);
    await steps(world, 12);
    const soaking = { waves: [{ name: "all", percent: 100, soakMs: 3_600_000 }] };
    expect((await world.rollouts.preview(later("back", 2, soaking))).isReturn).toBe(true);
    const { rolloutId } = await world.rollouts.create(later("back", 2, soaking), GRACE);

    await world.rollouts.edit(rolloutId, later("back", 4, soaking), { actor: GRACE });
    await world.rollouts.command(rolloutId, "start", { actor: GRACE, reason: "go" });
    await steps(world, 12);

    expect(await world.rollouts.get(rolloutId)).toMatchObject({ state: "running" });
  });

  test("R24: a version from which the fleet was brought back soaks like a new one", async () => {
    const world = worldOf();
    await world.begin();
    await steps(world, 12);
    await world.rollouts.command("first" as RolloutId, "rollback", { actor: GRACE, reason: "complaints" });
    await steps(world, 12);
    expect(world.state.phase).toBe("rolled-back");

    const soaking = { waves: [{ name: "all", percent: 100, soakMs: 3_600_000 }] };
    const again = await started(world, "again", 2, soaking);
    await steps(world, 12);

    expect(await world.rollouts.get(again)).toMatchObject({ state: "running" });
    expect((await world.rollouts.preview(later("more", 2))).isReturn).toBe(false);
  });

  test("R33: of two people at once one wins, and the other is told who did what", async () => {
    const world = worldOf();
    await world.begin();
    const { rolloutId, revision } = viewOf(world);
    const both = await Promise.allSettled([
      world.rollouts.command(rolloutId, "pause", { actor: ADA, reason: "", revision }),
      world.rollouts.command(rolloutId, "abort", { actor: GRACE, reason: "", revision }),
    ]);

    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(both[1]).toMatchObject({ reason: { code: "ROLLOUT_CHANGED" } });
    expect((both[1] as PromiseRejectedResult).reason.message).toContain("changed by ada");
    const people = world.store.audited.filter(({ actor }) => actor !== "system");
    expect(
      people
        .map(({ actor, action }) => `${actor} ${action}`)
        .slice(-2)
        .sort(),
    ).toEqual(["ada rollout.paused-operator", "grace rollout.abort-refused"]);
  });

  test("an edit of a plan that somebody changed meanwhile says who did, and changes nothing", async () => {
    const world = worldOf();
    const plan = later("careful", 2, { needsApproval: true });
    const { rolloutId, revision } = await world.rollouts.create(plan, ADA);
    const edit = (note: string, actor: typeof ADA) =>
      world.rollouts.edit(rolloutId, { ...plan, note }, { actor, revision });

    const both = await Promise.allSettled([edit("slower", ADA), edit("faster", GRACE)]);

    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((both[1] as PromiseRejectedResult).reason).toMatchObject({
      code: "ROLLOUT_CHANGED",
      message: expect.stringContaining("changed by ada"),
    });
    expect((await world.rollouts.get(rolloutId)).config.note).toBe("slower");
  });

  test("a rollout of that name is made once", async () => {
    const world = worldOf();
    await world.rollouts.create(later("twice", 2), ADA);

    await expect(world.rollouts.create(later("twice", 2), ADA)).rejects.toMatchObject({
      code: "ROLLOUT_STATE_CONFLICT",
    });
  });

  test.each([
    [{ filter: "colour == red" }, "FILTER_INVALID"],
    [
      {
        schedule: {
          startAtMs: null,
          windows: [{ days: [1], startMinute: 0, durationMinutes: 1, timeZone: "Mars" }],
        },
      },
      "OPTION_INVALID",
    ],
    [{ waves: [...all, { name: "less", percent: 50, soakMs: 0 }] }, "OPTION_INVALID"],
    [{ kind: "ab" }, "OPTION_INVALID"],
  ])("a plan that cannot be carried out is refused: %j", async (change, code) => {
    const world = worldOf();

    await expect(world.rollouts.create(later("wrong", 2, change), ADA)).rejects.toMatchObject({ code });
  });
});

function viewOf(world: World) {
  return { rolloutId: world.state.config.rolloutId, revision: world.state.revision };
}
