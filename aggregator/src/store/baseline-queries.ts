import { and, eq, isNull, sql } from "drizzle-orm";
import type { RolloutStore } from "../rollouts/rollout-store.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { metricsOf } from "./rollout-codec.js";
import { deviceMetrics, rolloutBaselines, rollouts } from "./schema/rollouts.js";

export function baselineQueries(database: Database): Pick<RolloutStore, "saveBaseline" | "baselineOf"> {
  return {
    saveBaseline: (rolloutId, of) =>
      asStoreOperation("keep a rollout's baseline", {}, () => saveBaseline(database, rolloutId, of)),
    baselineOf: (rolloutId) =>
      asStoreOperation("read a rollout's baseline", {}, () => baselineOf(database, rolloutId)),
  };
}

/** Copied within the database: a control cohort may be ten thousand devices. */
async function saveBaseline(
  database: Database,
  rolloutId: string,
  { model, version, atMs }: Parameters<RolloutStore["saveBaseline"]>[1],
): Promise<void> {
  await database.transaction(async (transaction) => {
    const marked = await transaction
      .update(rollouts)
      .set({ baselineAtMs: atMs })
      .where(and(eq(rollouts.rolloutId, rolloutId), isNull(rollouts.baselineAtMs)))
      .returning({ rolloutId: rollouts.rolloutId });
    if (marked.length === 0) return;
    await transaction.execute(sql`
      insert into ${rolloutBaselines} (rollout_id, device_id, metrics, received_at_ms)
      select ${rolloutId}, device_id, metrics, received_at_ms from ${deviceMetrics}
      where model = ${model} and version = ${version}`);
  });
}

async function baselineOf(database: Database, rolloutId: string): ReturnType<RolloutStore["baselineOf"]> {
  const ofRollout = database.select().from(rollouts).where(eq(rollouts.rolloutId, rolloutId));
  const atMs = (await ofRollout)[0]?.baselineAtMs ?? null;
  if (atMs === null) return undefined;
  const rows = database.select().from(rolloutBaselines).where(eq(rolloutBaselines.rolloutId, rolloutId));
  return { atMs, records: (await rows).map(metricsOf) };
}
