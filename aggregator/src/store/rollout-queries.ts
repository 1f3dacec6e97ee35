import { FedgeError, type DeviceId, type ModelName } from "@fedge/protocol";
import { and, asc, desc, eq, lte, sql } from "drizzle-orm";
import type { RolloutId } from "../rollouts/rollout-config.js";
import type { MetricsRecord, RolloutStore } from "../rollouts/rollout-store.js";
import type { TargetView } from "../rollouts/rollout-view.js";
import type { Database } from "./database.js";
import { appendAuditEntry } from "./audit-queries.js";
import { audited } from "./audited.js";
import { asStoreOperation } from "./database-errors.js";
import { decodeRolloutEvent, metricsOf, targetOf } from "./rollout-codec.js";
import { releases } from "./schema.js";
import {
  deviceGroups,
  deviceMetrics,
  rolloutBaselines,
  rolloutEvents,
  rollouts,
  rolloutTargets,
} from "./schema/rollouts.js";
import { baselineQueries } from "./baseline-queries.js";
import { snapshotQueries } from "./snapshot-queries.js";
import { insertRelease, recordRelease } from "./version-queries.js";

/** Rows in one JSON parameter: a statement for each row, or a parameter for each field, costs more than the rows. */
const ROWS_AT_ONCE = 5000;

export function rolloutQueries(database: Database): RolloutStore {
  return {
    ...snapshotQueries(database),
    ...baselineQueries(database),
    append: (change) => append(database, change),
    erase: (rolloutId, entry) =>
      audited(database, "erase a rollout", entry, {
        change: async (transaction) => {
          await transaction.delete(rollouts).where(eq(rollouts.rolloutId, rolloutId));
        },
      }),
    targetsOf: (deviceId) => targetsOf(database, deviceId),
    reserveRelease: ({ rolloutId, ...release }) =>
      recordRelease(release, () => insertRelease(database, { ...release, rolloutId, isFleetWide: false })),
    promoteRelease: (releaseCounter) =>
      asStoreOperation("promote a release", {}, async () => {
        const ofCounter = eq(releases.releaseCounter, releaseCounter);
        await database.update(releases).set({ isFleetWide: true }).where(ofCounter);
      }),
    recentVersions: (model, limit) => recentVersions(database, model, limit),
    saveMetrics: (record) => saveMetrics(database, record),
    listMetrics: (model, version) => listMetrics(database, model, version),
    deleteMetrics: (deviceId) =>
      asStoreOperation("delete serving metrics", {}, async () => {
        await database.transaction(async (transaction) => {
          await transaction.delete(deviceMetrics).where(eq(deviceMetrics.deviceId, deviceId));
          await transaction.delete(rolloutBaselines).where(eq(rolloutBaselines.deviceId, deviceId));
        });
      }),
    ...groupQueries(database),
  };
}

/** Checked here too: what is written must be readable. */
async function append(
  database: Database,
  { rolloutId, firstSeq, events, targets, audit }: Parameters<RolloutStore["append"]>[0],
): Promise<void> {
  const checked = events.map(decodeRolloutEvent);
  await asStoreOperation("append to a rollout's journal", conflictsOf(rolloutId), () =>
    database.transaction(async (transaction) => {
      if (firstSeq === 0) await transaction.insert(rollouts).values({ rolloutId });
      for (let at = 0; at < checked.length; at += ROWS_AT_ONCE)
        await insertEvents(transaction, {
          ...{ rolloutId, firstSeq: firstSeq + at },
          events: checked.slice(at, at + ROWS_AT_ONCE),
        });
      for (let at = 0; at < targets.length; at += ROWS_AT_ONCE)
        await upsertTargets(transaction, rolloutId, targets.slice(at, at + ROWS_AT_ONCE));
      for (const { draft, atMs } of audit) await appendAuditEntry(transaction, draft, atMs);
    }),
  );
}

async function insertEvents(
  database: Database,
  {
    rolloutId,
    firstSeq,
    events,
  }: Pick<Parameters<RolloutStore["append"]>[0], "rolloutId" | "firstSeq" | "events">,
): Promise<void> {
  await database.execute(sql`
    insert into ${rolloutEvents} (rollout_id, seq, event)
    select ${rolloutId}, ${firstSeq}::int + entry.position::int - 1, entry.event
    from jsonb_array_elements(${JSON.stringify(events)}::jsonb) with ordinality as entry (event, position)`);
}

async function upsertTargets(
  database: Database,
  rolloutId: RolloutId,
  targets: readonly TargetView[],
): Promise<void> {
  await database.execute(sql`
    insert into ${rolloutTargets} (rollout_id, device_id, wave, state, attempt, code, message, changed_at_ms)
    select ${rolloutId}, said."deviceId", said.wave, said.state, said.attempt, said.code, said.message, said."changedAtMs"
    from jsonb_to_recordset(${JSON.stringify(targets)}::jsonb) as said
      ("deviceId" text, wave int, state text, attempt int, code text, message text, "changedAtMs" bigint)
    on conflict (rollout_id, device_id) do update set
      wave = excluded.wave, state = excluded.state, attempt = excluded.attempt, code = excluded.code,
      message = excluded.message, changed_at_ms = excluded.changed_at_ms`);
}

function conflictsOf(rolloutId: RolloutId) {
  return {
    rollouts_pkey: () =>
      new FedgeError("ROLLOUT_STATE_CONFLICT", `rollout ${rolloutId} exists; choose another name`),
    rollout_events_seq_once_per_rollout: () =>
      new FedgeError(
        "VERSION_CONFLICT",
        `rollout ${rolloutId} already has an event of this number; another aggregator runs it. Stop one of them.`,
      ),
  };
}

function targetsOf(database: Database, deviceId: DeviceId): ReturnType<RolloutStore["targetsOf"]> {
  return asStoreOperation("read a device's rollouts", {}, async () => {
    const ofDevice = database.select().from(rolloutTargets).where(eq(rolloutTargets.deviceId, deviceId));
    return (await ofDevice.orderBy(desc(rolloutTargets.changedAtMs))).map(targetOf);
  });
}

function recentVersions(database: Database, model: ModelName, limit: number): Promise<number[]> {
  return asStoreOperation("read the releases", {}, async () => {
    const { version, releaseCounter } = releases;
    const newest = await database
      .select({ version })
      .from(releases)
      .where(and(eq(releases.model, model), eq(releases.isFleetWide, true)))
      .orderBy(desc(releaseCounter))
      .limit(limit);
    return newest.map((row) => row.version);
  });
}

/** A message of an older installation, which came late, changes nothing. */
async function saveMetrics(
  database: Database,
  { deviceId, metrics, receivedAtMs }: MetricsRecord,
): Promise<void> {
  const { model, version, installation } = metrics;
  await asStoreOperation("save serving metrics", {}, async () => {
    await database
      .insert(deviceMetrics)
      .values({ deviceId, model, version, installation, metrics, receivedAtMs })
      .onConflictDoUpdate({
        target: [deviceMetrics.deviceId, deviceMetrics.model, deviceMetrics.version],
        set: { installation, metrics, receivedAtMs },
        setWhere: lte(deviceMetrics.installation, installation),
      });
  });
}

function listMetrics(database: Database, model: ModelName, version: number): Promise<MetricsRecord[]> {
  return asStoreOperation("read serving metrics", {}, async () => {
    const ofVersion = and(eq(deviceMetrics.model, model), eq(deviceMetrics.version, version));
    return (await database.select().from(deviceMetrics).where(ofVersion)).map(metricsOf);
  });
}

function groupQueries(database: Database): Pick<RolloutStore, "saveGroup" | "listGroups" | "deleteGroup"> {
  return {
    saveGroup: ({ name, filter, changedAtMs }, entry) =>
      audited(database, "save a group", entry, {
        change: async (transaction) => {
          const set = { filter, changedAtMs };
          const insert = transaction.insert(deviceGroups).values({ name, ...set });
          await insert.onConflictDoUpdate({ target: deviceGroups.name, set });
        },
      }),
    listGroups: () =>
      asStoreOperation("list groups", {}, async () =>
        database.select().from(deviceGroups).orderBy(asc(deviceGroups.name)),
      ),
    deleteGroup: (name, entry) =>
      audited(database, "delete a group", entry, {
        change: async (transaction) => {
          await transaction.delete(deviceGroups).where(eq(deviceGroups.name, name));
        },
      }),
  };
}
