import { errorCodeOf } from "@fedge/protocol";
import { and, asc, eq, gte, sql } from "drizzle-orm";
import type { RolloutId } from "../rollouts/rollout-config.js";
import type { RolloutStore, Snapshot, StoredRollout } from "../rollouts/rollout-store.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { decodeRolloutEvent } from "./rollout-codec.js";
import { rolloutBaselines, rolloutEvents, rollouts } from "./schema/rollouts.js";
import { decodeSnapshot, encodeSnapshot } from "./snapshot-codec.js";

type SnapshotQueries = Pick<RolloutStore, "loadRollouts" | "loadRollout" | "saveSnapshot">;

export function snapshotQueries(database: Database): SnapshotQueries {
  return {
    loadRollouts: () => asStoreOperation("read the rollouts", {}, () => loadRollouts(database)),
    loadRollout: (rolloutId) =>
      asStoreOperation("read a rollout", {}, () => loadRollout(database, rolloutId)),
    saveSnapshot: (rolloutId, snapshot) =>
      asStoreOperation("keep a rollout's snapshot", {}, () => saveSnapshot(database, rolloutId, snapshot)),
  };
}

async function loadRollouts(database: Database): Promise<StoredRollout[]> {
  const { rolloutId, snapshot, snapshotEvents, isRetired } = rollouts;
  const numEvents = sql<number>`(select max(entry.seq) + 1 from rollout_events entry
    where entry.rollout_id = rollouts.rollout_id)`;
  const all = await database
    .select({ rolloutId, snapshot, snapshotEvents, isRetired, numEvents })
    .from(rollouts)
    .orderBy(asc(rollouts.position));
  const stored: StoredRollout[] = [];
  for (const row of all) {
    // Something may have happened to it since: then its journal says so.
    const isAsKept = row.isRetired && row.snapshotEvents === row.numEvents;
    const kept = isAsKept ? snapshotOf({ ...row, snapshotTargets: null }) : null;
    const id = row.rolloutId as RolloutId;
    if (kept !== null) stored.push({ rolloutId: id, snapshot: kept, events: [] });
    else stored.push((await loadRollout(database, id)) ?? { rolloutId: id, snapshot: null, events: [] });
  }
  return stored;
}

async function loadRollout(database: Database, rolloutId: RolloutId): Promise<StoredRollout | undefined> {
  const [row] = await database.select().from(rollouts).where(eq(rollouts.rolloutId, rolloutId));
  if (row === undefined) return undefined;
  const snapshot = snapshotOf(row);
  const since = gte(rolloutEvents.seq, snapshot?.numEvents ?? 0);
  const later = database
    .select()
    .from(rolloutEvents)
    .where(and(eq(rolloutEvents.rolloutId, rolloutId), since));
  const events = (await later.orderBy(asc(rolloutEvents.seq))).map(({ event }) => decodeRolloutEvent(event));
  return { rolloutId, snapshot, events };
}

/** One that cannot be read, or is of another format, is none: the journal has everything. */
function snapshotOf(
  row: Pick<typeof rollouts.$inferSelect, "snapshot" | "snapshotTargets" | "snapshotEvents" | "isRetired">,
): Snapshot | null {
  if (row.snapshot === null || row.snapshotEvents === null) return null;
  try {
    const state = decodeSnapshot(row.snapshot, row.snapshotTargets);
    return { state, numEvents: row.snapshotEvents, isRetired: row.isRetired };
  } catch (error) {
    if (errorCodeOf(error) === "DATA_CORRUPT") return null;
    throw error;
  }
}

async function saveSnapshot(
  database: Database,
  rolloutId: RolloutId,
  { state, numEvents, isRetired }: Snapshot,
): Promise<void> {
  const { snapshot, targets } = encodeSnapshot(state);
  await database.transaction(async (transaction) => {
    await transaction
      .update(rollouts)
      .set({ snapshot, snapshotTargets: targets, snapshotEvents: numEvents, isRetired })
      .where(eq(rollouts.rolloutId, rolloutId));
    // Nobody compares metrics of a retired rollout any more.
    if (isRetired)
      await transaction.delete(rolloutBaselines).where(eq(rolloutBaselines.rolloutId, rolloutId));
  });
}
