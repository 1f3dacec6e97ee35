import { FedgeError, type ModelName } from "@fedge/protocol";
import { and, asc, desc, eq, max, sql } from "drizzle-orm";
import type { VersionRecord } from "../rounds/journal.js";
import { NO_PAGE, type Database } from "./database.js";
import { appendAuditEntry } from "./audit-queries.js";
import { asStoreOperation, violationOf } from "./database-errors.js";
import type { ControlStore, EvaluationRecord, PastRelease, ReleaseRecord } from "./port.js";
import { eventConflicts, insertEvents, saveSummary } from "./round-queries.js";
import { evaluationOf, modelOf, releaseOf, versionOf } from "./row-codec.js";
import { evaluations, modelVersions, releases } from "./schema.js";

type VersionQueries = Pick<
  ControlStore,
  | "commitVersion"
  | "getVersion"
  | "latestVersion"
  | "listVersions"
  | "listModels"
  | "saveEvaluation"
  | "listEvaluations"
  | "release"
  | "currentReleases"
  | "pastReleases"
>;

export function versionQueries(database: Database): VersionQueries {
  return {
    commitVersion: (commit) => commitVersion(database, commit),
    getVersion: (model, version) =>
      asStoreOperation("read a model version", {}, async () => {
        const [row] = await database.select().from(modelVersions).where(isVersion(model, version));
        return row === undefined ? undefined : versionOf(row);
      }),
    latestVersion: (model) =>
      asStoreOperation("read the latest version", {}, async () => {
        const ofModel = database.select().from(modelVersions).where(eq(modelVersions.model, model));
        const [row] = await ofModel.orderBy(desc(modelVersions.version)).limit(1);
        return row === undefined ? undefined : versionOf(row);
      }),
    listVersions: (model, page = NO_PAGE) => listVersions(database, model, page),
    listModels: () =>
      asStoreOperation("list models", {}, async () => {
        const names = database.selectDistinct({ model: modelVersions.model }).from(modelVersions);
        return (await names.orderBy(asc(modelVersions.model))).map((row) => modelOf(row.model));
      }),
    saveEvaluation: (evaluation) => saveEvaluation(database, evaluation),
    listEvaluations: (model) => listEvaluations(database, model),
    release: (model, version, atMs) => release(database, { model, version, atMs }),
    currentReleases: () => currentReleases(database),
    pastReleases: (model, limit) => pastReleases(database, model, limit),
  };
}

const isVersion = (model: ModelName, version: number) =>
  and(eq(modelVersions.model, model), eq(modelVersions.version, version));

type Commit = Parameters<ControlStore["commitVersion"]>[0];

async function commitVersion(database: Database, { version, round, audit }: Commit): Promise<void> {
  const taken = (message: string) => () => new FedgeError("VERSION_CONFLICT", message);
  const conflicts = {
    model_versions_number_once_per_model: taken(
      `model ${version.model} already has a version ${version.version}`,
    ),
    model_versions_one_per_round: taken(`round ${version.roundId} has already made a version`),
    ...(round === null ? {} : eventConflicts(round.roundId)),
  };
  await asStoreOperation("commit a model version", conflicts, () =>
    database.transaction(async (transaction) => {
      await transaction.insert(modelVersions).values(rowOf(version));
      if (round !== null) {
        const { roundId, seq, event, summary } = round;
        await insertEvents(transaction, { roundId, firstSeq: seq, events: [event] });
        await saveSummary(transaction, roundId, summary);
      }
      if (audit !== undefined) await appendAuditEntry(transaction, audit.draft, audit.atMs);
    }),
  );
}

function rowOf(version: VersionRecord): typeof modelVersions.$inferInsert {
  return { ...version };
}

async function listVersions(database: Database, model: ModelName, page: { limit: number; offset: number }) {
  return asStoreOperation("list model versions", {}, async () => {
    const ofModel = database.select().from(modelVersions).where(eq(modelVersions.model, model));
    const rows = await ofModel.orderBy(asc(modelVersions.version)).limit(page.limit).offset(page.offset);
    return rows.map(versionOf);
  });
}

async function saveEvaluation(database: Database, evaluation: EvaluationRecord): Promise<void> {
  const { model, version, dataSet, segment, ...measured } = evaluation;
  const missing = { evaluations_of_a_version: () => unknownVersion(model, version) };
  await asStoreOperation("save an evaluation", missing, async () => {
    await database
      .insert(evaluations)
      .values({ model, version, dataSet, segment, ...measured })
      .onConflictDoUpdate({
        target: [evaluations.model, evaluations.version, evaluations.dataSet, evaluations.segment],
        set: measured,
      });
  });
}

async function listEvaluations(database: Database, model: ModelName): Promise<EvaluationRecord[]> {
  return asStoreOperation("list evaluations", {}, async () => {
    const ofModel = database.select().from(evaluations).where(eq(evaluations.model, model));
    return (
      await ofModel.orderBy(asc(evaluations.version), asc(evaluations.dataSet), asc(evaluations.segment))
    ).map(evaluationOf);
  });
}

/** Two aggregators may compute the same next counter; the loser's insert is refused and it computes again. */
const RELEASE_ATTEMPTS = 10;

interface WantedRelease {
  readonly model: ModelName;
  readonly version: number;
  readonly atMs: number;
}

function release(database: Database, wanted: WantedRelease): Promise<ReleaseRecord> {
  const ofFleet = { ...wanted, rolloutId: null, isFleetWide: true };
  return recordRelease(wanted, () => insertRelease(database, ofFleet));
}

/** Inserts until the counter is nobody else's. Throws VERSION_UNKNOWN. */
export function recordRelease(
  { model, version }: Pick<WantedRelease, "model" | "version">,
  insert: () => Promise<ReleaseRecord>,
): Promise<ReleaseRecord> {
  const missing = { releases_of_a_version: () => unknownVersion(model, version) };
  return asStoreOperation("record a release", missing, async () => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await insert();
      } catch (error) {
        const isTaken = violationOf(error)?.constraint === "releases_pkey";
        if (!isTaken || attempt === RELEASE_ATTEMPTS) throw error;
      }
    }
  });
}

export async function insertRelease(
  database: Database,
  wanted: WantedRelease & { readonly rolloutId: string | null; readonly isFleetWide: boolean },
): Promise<ReleaseRecord> {
  const next = sql<number>`(select coalesce(${max(releases.releaseCounter)}, 0) + 1 from ${releases})`;
  const { model, version, rolloutId, isFleetWide, atMs: releasedAtMs } = wanted;
  const [row] = await database
    .insert(releases)
    .values({ releaseCounter: next, model, version, rolloutId, isFleetWide, releasedAtMs })
    .returning();
  if (row === undefined) throw new FedgeError("INTERNAL", "the database gave no row for a new release");
  return releaseOf(row);
}

async function currentReleases(database: Database): Promise<ReleaseRecord[]> {
  return asStoreOperation("read the releases", {}, async () => {
    const newest = database
      .selectDistinctOn([releases.model])
      .from(releases)
      .where(eq(releases.isFleetWide, true));
    return (await newest.orderBy(asc(releases.model), desc(releases.releaseCounter))).map(releaseOf);
  });
}

async function pastReleases(database: Database, model: ModelName, limit: number): Promise<PastRelease[]> {
  return asStoreOperation("read a model's releases", {}, async () => {
    const rows = await database
      .select()
      .from(releases)
      .where(eq(releases.model, model))
      .orderBy(desc(releases.releaseCounter))
      .limit(limit);
    return rows.map((row) => ({ ...releaseOf(row), rolloutId: row.rolloutId }));
  });
}

function unknownVersion(model: ModelName, version: number): FedgeError {
  return new FedgeError("VERSION_UNKNOWN", `model ${model} has no version ${version}; list its versions`);
}
