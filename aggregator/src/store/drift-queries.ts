import { decodeWith, FedgeError, type ModelName } from "@fedge/protocol";
import { addVector, decodeVector, encodeVector } from "@fedge/protocol/profile";
import { and, desc, eq, sql, type SQL } from "drizzle-orm";
import type { DriftStore, SumChange, WholeRelease, WindowReceipt } from "../drift/drift-store.js";
import { releaseRecord, releasedView } from "../drift/releases/release-record.js";
import type { SumDelta } from "../drift/sums/summing-port.js";
import type { WindowKey } from "../drift/sums/window-key.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { alertQueries, writeAlerts } from "./drift-alert-queries.js";
import { refusalQueries } from "./drift-refusal-queries.js";
import { driftOverlaps, driftReceipts, driftReleases, driftSums, driftViews } from "./schema/drift.js";

/** Rows of one statement: JSON beyond some megabytes is slow to read. */
const ROWS_AT_ONCE = 500;

export function driftQueries(database: Database): DriftStore {
  return {
    countWindows: (receipts, changeOf) =>
      asStoreOperation("count windows of devices", {}, () =>
        database.transaction((transaction) => countWindows(transaction, receipts, changeOf)),
      ),
    ...openWindowQueries(database),
    saveRelease: (whole, alerts, keep) =>
      asStoreOperation("release a window", {}, () =>
        database.transaction(async (transaction) => {
          if (!(await writeRelease(transaction, whole))) return false;
          await writeAlerts(transaction, alerts);
          await forgetWindow(transaction, whole.release);
          await forgetOldReleases(transaction, whole.release, keep.numWindows);
          return true;
        }),
      ),
    ...releaseQueries(database),
    ...alertQueries(database),
    ...refusalQueries(database),
  };
}

async function countWindows(
  database: Database,
  receipts: readonly WindowReceipt[],
  changeOf: (isNew: readonly boolean[]) => SumChange,
): Promise<boolean[]> {
  const fresh = new Set<number>();
  for (let at = 0; at < receipts.length; at += ROWS_AT_ONCE)
    for (const place of await noteReceipts(database, receipts, at)) fresh.add(place);
  const isNew = receipts.map((_receipt, place) => fresh.has(place));
  const { deltas, overlaps } = changeOf(isNew);
  for (const delta of deltas) await addToSum(database, delta);
  for (const { key, first, second, numDevices, numReporting } of overlaps)
    await database
      .insert(driftOverlaps)
      .values({ ...key, first, second, numDevices, numReporting })
      .onConflictDoUpdate({
        target: [
          ...[driftOverlaps.model, driftOverlaps.version, driftOverlaps.layoutSha256],
          ...[driftOverlaps.window, driftOverlaps.first, driftOverlaps.second],
        ],
        set: {
          numDevices: sql`${driftOverlaps.numDevices} + ${numDevices}`,
          numReporting: sql`${driftOverlaps.numReporting} + ${numReporting}`,
        },
      });
  return isNew;
}

/** Places of those that were not there before, in windows that are open. */
async function noteReceipts(
  database: Database,
  receipts: readonly WindowReceipt[],
  from: number,
): Promise<number[]> {
  const seen = new Map<string, number>();
  const said = receipts.slice(from, from + ROWS_AT_ONCE).flatMap(({ deviceId, key }, index) => {
    const { model, version, window } = key;
    const text = JSON.stringify([model, version, window, deviceId]);
    if (seen.has(text)) return [];
    seen.set(text, from + index);
    return [{ model, version, window, device_id: deviceId }];
  });
  const inserted = await database.execute(sql`
    insert into ${driftReceipts} (model, version, "window", device_id)
    select said.model, said.version, said."window", said.device_id
    from jsonb_to_recordset(${JSON.stringify(said)}::jsonb)
      as said (model text, version int, "window" bigint, device_id text)
    where not exists (
      select 1 from ${driftReleases} as released
      where released.model = said.model and released.version = said.version and released."window" = said."window")
    on conflict do nothing
    returning model, version, "window", device_id`);
  const rows = (inserted as { rows: Record<string, unknown>[] }).rows;
  return rows.map((row) => {
    const text = JSON.stringify([row["model"], row["version"], Number(row["window"]), row["device_id"]]);
    return seen.get(text) as number;
  });
}

async function addToSum(database: Database, { key, vector }: SumDelta): Promise<void> {
  const place = and(
    whereWindow(driftSums, key),
    eq(driftSums.cohort, key.cohort),
    eq(driftSums.replicate, key.replicate),
  );
  const [row] = await database.select().from(driftSums).where(place).for("update");
  const sum = vector.slice();
  if (row !== undefined) addVector(sum, vectorOf(row));
  const set = { numCells: sum.length, vector: Buffer.from(encodeVector(sum)).toString("base64") };
  if (row === undefined) await database.insert(driftSums).values({ ...key, ...set });
  else await database.update(driftSums).set(set).where(place);
}

function openWindowQueries(
  database: Database,
): Pick<DriftStore, "openWindows" | "cohortsOf" | "sumsOf" | "isReleased"> {
  const { model, version, layoutSha256, window } = driftSums;
  return {
    openWindows: () =>
      asStoreOperation("list open windows", {}, async () => {
        const rows = await database.selectDistinct({ model, version, layoutSha256, window }).from(driftSums);
        return rows.map((row) => ({ ...row, model: row.model as ModelName }));
      }),
    cohortsOf: (key) =>
      asStoreOperation("list a window's cohorts", {}, async () => {
        const { cohort } = driftSums;
        const rows = await database
          .selectDistinct({ cohort })
          .from(driftSums)
          .where(whereWindow(driftSums, key));
        return rows.map((row) => row.cohort);
      }),
    sumsOf: (key) =>
      asStoreOperation("read a window's sums", {}, async () => {
        const rows = await database.select().from(driftSums).where(whereWindow(driftSums, key));
        const common = database.select().from(driftOverlaps).where(whereWindow(driftOverlaps, key));
        const sums = rows.map((row) => ({
          cohort: row.cohort,
          replicate: row.replicate,
          vector: vectorOf(row),
        }));
        return { sums, overlaps: await common };
      }),
    isReleased: (key) =>
      asStoreOperation("look for a release", {}, async () => {
        const rows = await database
          .select({ position: driftReleases.position })
          .from(driftReleases)
          .where(whereVersionWindow(driftReleases, key));
        return rows.length > 0;
      }),
  };
}

function releaseQueries(
  database: Database,
): Pick<DriftStore, "listReleases" | "getRelease" | "listViews" | "releasedVersions"> {
  return {
    listReleases: (model, { version, limit }) =>
      asStoreOperation("list releases", {}, async () => {
        const ofVersion = version === undefined ? undefined : eq(driftReleases.version, version);
        const rows = await database
          .select()
          .from(driftReleases)
          .where(and(eq(driftReleases.model, model), ofVersion))
          .orderBy(desc(driftReleases.window), desc(driftReleases.version))
          .limit(limit);
        return rows.map((row) => keptRelease(row.release));
      }),
    getRelease: (model, version, window) =>
      asStoreOperation("read a release", {}, async () => {
        const key = { model, version, window };
        const [row] = await database
          .select()
          .from(driftReleases)
          .where(whereVersionWindow(driftReleases, key));
        if (row === undefined) return undefined;
        const views = await database.select().from(driftViews).where(whereVersionWindow(driftViews, key));
        return { release: keptRelease(row.release), views: views.map(({ view }) => keptView(view)) };
      }),
    ...viewQueries(database),
  };
}

function viewQueries(database: Database): Pick<DriftStore, "listViews" | "releasedVersions"> {
  return {
    listViews: ({ model, version, cohort, limit }) =>
      asStoreOperation("read released counts", {}, async () => {
        const ofCohort = [eq(driftViews.model, model), eq(driftViews.version, version)];
        const rows = await database
          .select()
          .from(driftViews)
          .where(and(...ofCohort, eq(driftViews.cohort, cohort)))
          .orderBy(desc(driftViews.window))
          .limit(limit);
        return rows.map((row) => keptView(row.view));
      }),
    releasedVersions: () =>
      asStoreOperation("list versions with releases", {}, async () => {
        const { model, version, position } = driftReleases;
        const newest = sql<number>`max(${position})`;
        const rows = await database
          .select({ model, version })
          .from(driftReleases)
          .groupBy(model, version)
          .orderBy(desc(newest));
        return rows.map((row) => ({ model: row.model as ModelName, version: row.version }));
      }),
  };
}

async function writeRelease(database: Database, { release, views }: WholeRelease): Promise<boolean> {
  const { model, version, window, releasedAtMs } = release;
  const written = await database
    .insert(driftReleases)
    .values({ model, version, window, release: keptRelease(release), releasedAtMs })
    .onConflictDoNothing()
    .returning({ position: driftReleases.position });
  if (written.length === 0) return false;
  for (const view of views)
    await database
      .insert(driftViews)
      .values({ model, version, window, cohort: view.cohort, view: keptView(view) });
  return true;
}

async function forgetWindow(database: Database, key: WholeRelease["release"]): Promise<void> {
  for (const table of [driftReceipts, driftSums, driftOverlaps])
    await database.delete(table).where(whereVersionWindow(table, key));
}

async function forgetOldReleases(
  database: Database,
  { model, version, window }: WholeRelease["release"],
  numWindows: number,
): Promise<void> {
  for (const table of [driftReleases, driftViews])
    await database
      .delete(table)
      .where(
        and(
          eq(table.model, model),
          eq(table.version, version),
          sql`${table.window} <= ${window - numWindows}`,
        ),
      );
}

type WindowTable = typeof driftSums | typeof driftOverlaps;
type VersionTable = WindowTable | typeof driftReceipts | typeof driftReleases | typeof driftViews;

function whereVersionWindow(
  table: VersionTable,
  { model, version, window }: Pick<WindowKey, "model" | "version" | "window">,
): SQL | undefined {
  return and(eq(table.model, model), eq(table.version, version), eq(table.window, window));
}

function whereWindow(table: WindowTable, key: WindowKey): SQL | undefined {
  return and(whereVersionWindow(table, key), eq(table.layoutSha256, key.layoutSha256));
}

function vectorOf({ vector, numCells }: typeof driftSums.$inferSelect): Uint32Array {
  try {
    return decodeVector(Buffer.from(vector, "base64"), numCells);
  } catch (cause) {
    throw new FedgeError("DATA_CORRUPT", "a kept sum of counts is no vector", { cause });
  }
}

function keptRelease(value: unknown): WholeRelease["release"] {
  return decodeWith(releaseRecord, value, { what: "kept release", code: "DATA_CORRUPT" });
}

function keptView(value: unknown): WholeRelease["views"][number] {
  return decodeWith(releasedView, value, { what: "kept released counts", code: "DATA_CORRUPT" });
}
