import type { ModelName } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VersionRecord } from "../../rounds/journal.js";
import { ModelCards } from "../cards/model-cards.js";
import { openRegistryRig, type RegistryRig } from "../testing/registry-rig.js";
import { decodeRetentionPolicy, type RetentionPolicy } from "./retention-policy.js";
import { RetentionSchedule } from "./retention-schedule.js";
import { Retention } from "./retention.js";
import { blobsOfVersion } from "./version-blobs.js";
import { fleetUse, openRounds, type VersionHolder } from "./version-holders.js";

const DAY_MS = 86_400_000;
let rig: RegistryRig;
beforeAll(async () => {
  rig = await openRegistryRig();
}, 60_000);
afterAll(() => rig.close(), 60_000);

function retentionOf(policy: Partial<RetentionPolicy>, holders: readonly VersionHolder[] = []): Retention {
  const { store, blobs, clock, audited } = rig;
  const nowMs = (): number => clock.nowMs();
  const cards = new ModelCards({ store, blobs, nowMs });
  return new Retention(decodeRetentionPolicy({ keepNewest: 1, keepDays: 0, ...policy }), {
    ...{ store, blobs, nowMs },
    audit: { append: async (entry) => void audited.push(entry) },
    holders: [openRounds(store), fleetUse(store), ...holders],
    keepCard: (record) => cards.card(record),
  });
}

/** Versions 1, 2 and 3 of a new model. */
async function threeVersions(): Promise<[VersionRecord, VersionRecord, VersionRecord]> {
  const first = await rig.importNew();
  return [first, await rig.commitRound(first.model), await rig.commitRound(first.model)];
}

async function stateOf({ model, version }: VersionRecord): Promise<VersionRecord> {
  const record = await rig.store.getVersion(model as ModelName, version);
  if (record === undefined) throw new Error("the record is gone");
  return record;
}

async function isWhole(record: VersionRecord): Promise<boolean> {
  const blobs = await blobsOfVersion(rig.blobs, record, []).catch(() => null);
  if (blobs === null) return false;
  return (await Promise.all(blobs.map((sha256) => rig.blobs.has(sha256)))).every(Boolean);
}

describe("retention", () => {
  test("deletes a version's bytes, and keeps its record, its card, its lineage and every newer version", async () => {
    const [first, second, third] = await threeVersions();

    const { deleted } = await retentionOf({}).run("alice");

    expect(deleted).toEqual(expect.arrayContaining([{ model: first.model, version: 1 }]));
    const record = await stateOf(first);
    expect([record.deletedAtMs, record.manifest]).toEqual([rig.clock.nowMs(), first.manifest]);
    expect(await rig.blobs.has(first.checkpoint.sha256)).toBe(false);
    expect([(await stateOf(second)).parentVersion, await isWhole(third)]).toEqual([1, true]);
    const cards = await rig.store.listCards({ model: first.model as ModelName, version: 1 });
    expect(await rig.blobs.has(cards.at(-1)?.card.sha256 ?? first.manifest.sha256)).toBe(true);
    expect(rig.audited).toContainEqual(
      expect.objectContaining({ actor: "alice", action: "version.delete", subject: `${first.model}@1` }),
    );
  });

  test("only says what it would do when asked for a plan", async () => {
    const [first] = await threeVersions();

    const { deleted, isDone } = await retentionOf({}).plan();

    expect([isDone, await isWhole(first)]).toEqual([false, true]);
    expect(deleted).toContainEqual({ model: first.model, version: 1 });
  });

  test("does not delete the base of an open round, the release, or what somebody else holds", async () => {
    const [first, second] = await threeVersions();
    const holder: VersionHolder = ({ model, version }) =>
      Promise.resolve(model === first.model && version === 1 ? ["rollout spring"] : []);
    await rig.store.release(second.model as ModelName, 2, 0);

    const { held } = await retentionOf({}, [holder]).run("alice");

    expect(held).toContainEqual({ model: first.model, version: 1, heldBy: ["rollout spring"] });
    expect([await isWhole(first), await isWhole(second)]).toEqual([true, true]);
  });

  test("VERSION_IN_USE names who holds a version that is to be deleted", async () => {
    const [, second] = await threeVersions();
    await rig.store.release(second.model as ModelName, 2, 0);

    const deleting = retentionOf({}).delete(second, "alice");

    await expect(deleting).rejects.toMatchObject({ code: "VERSION_IN_USE" });
    await expect(deleting).rejects.toThrow(/the release/);
  });

  test("finishes after a crash what was marked and not yet deleted", async () => {
    const [first] = await threeVersions();
    await rig.store.markDeleted({ model: first.model as ModelName, version: 1 }, 5);

    await retentionOf({}).run("alice");

    expect([
      await rig.blobs.has(first.manifest.sha256),
      await rig.blobs.has(first.checkpoint.sha256),
    ]).toEqual([false, false]);
  });

  test("keeps the sums of the newest versions only", async () => {
    const [, second, third] = await threeVersions();

    await retentionOf({ keepNewest: 100, keepSums: 1 }).forgetOldSums(second.model as ModelName);

    expect([(await stateOf(second)).finalSum, (await stateOf(third)).finalSum]).toEqual([
      null,
      third.finalSum,
    ]);
    expect(await rig.blobs.has(second.finalSum?.sha256 ?? third.manifest.sha256)).toBe(false);
  });

  test("runs at the start and once a day", async () => {
    const [first] = await threeVersions();
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const schedule = new RetentionSchedule(retentionOf({ keepDays: 1 }), rig.clock, logger);

    schedule.start();
    await schedule.settled();
    const atStart = await isWhole(first);
    rig.clock.advance(DAY_MS);
    await schedule.settled();

    expect([atStart, await isWhole(first)]).toEqual([true, false]);
    await schedule.close();
    expect(rig.clock.numTimers).toBe(0);
  });
});
