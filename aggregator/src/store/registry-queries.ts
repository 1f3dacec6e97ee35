import { FedgeError, blobRef, decodeWith } from "@fedge/protocol";
import { and, asc, desc, eq, inArray, isNotNull, isNull, sql } from "drizzle-orm";
import * as z from "zod/mini";
import {
  statement as statementSchema,
  type CardRecord,
  type RegistryStore,
  type StatementRecord,
  type VersionId,
} from "../registry/registry-store.js";
import { NO_PAGE, type Database } from "./database.js";
import { withEntry } from "./audited.js";
import { asStoreOperation } from "./database-errors.js";
import { aliasQueries } from "./alias-queries.js";
import { versionOf } from "./row-codec.js";
import { modelVersions } from "./schema.js";
import { modelCards, versionStatements, versionTags } from "./schema/registry.js";

const cardFields = z.object({ card: blobRef });
const statementFields = z.object({ statement: statementSchema });
const stored = (what: string) => ({ what: `stored ${what}`, code: "DATA_CORRUPT" as const });

/** The registry's tables, over either driver. */
export function registryQueries(database: Database): RegistryStore {
  return {
    ...aliasQueries(database),
    listTags: (model) =>
      asStoreOperation("list tags", {}, () =>
        database
          .select({ version: versionTags.version, tag: versionTags.tag })
          .from(versionTags)
          .where(eq(versionTags.model, model))
          .orderBy(asc(versionTags.version), asc(versionTags.tag)),
      ),
    changeTags: (version, change, audit) =>
      withEntry(database, "change tags", {
        change: (transaction) => changeTags(transaction, version, change),
        entry: () => audit,
      }),
    addStatement: (version, record, audit) =>
      withEntry(database, "keep a statement", {
        conflicts: unknown(version, "version_statements_of_a_version"),
        change: async (transaction) => {
          await transaction.insert(versionStatements).values({ ...version, ...record });
        },
        entry: () => audit,
      }),
    listStatements: (version) => listStatements(database, version),
    saveCard: (version, card, atMs) => saveCard(database, { version, card, atMs }),
    listCards: (version) => listCards(database, version),
    ...markQueries(database),
  };
}

type MarkQueries = Pick<RegistryStore, "markDeleted" | "noteSigner" | "forgetSum" | "versionsWithSum">;

/** What changes in a version's row after it was made. */
function markQueries(database: Database): MarkQueries {
  return {
    markDeleted: (version, atMs) =>
      asStoreOperation("mark a version as deleted", {}, async () => {
        const marked = await database
          .update(modelVersions)
          .set({ deletedAtMs: atMs })
          .where(and(isVersion(version), isNull(modelVersions.deletedAtMs)))
          .returning();
        return marked.length > 0;
      }),
    noteSigner: (version, keyId) =>
      asStoreOperation("keep who signed a version", {}, async () => {
        const { provenance } = modelVersions;
        await database
          .update(modelVersions)
          .set({ provenance: sql`jsonb_set(${provenance}, '{signer}', to_jsonb(${keyId}::text))` })
          .where(and(isVersion(version), sql`${provenance}->>'signer' is null`));
      }),
    forgetSum: (version) =>
      asStoreOperation("let go of a sum", {}, async () => {
        await database.update(modelVersions).set({ finalSum: null }).where(isVersion(version));
      }),
    versionsWithSum: (model) =>
      asStoreOperation("list versions with their sum", {}, async () => {
        const isKept = and(isNotNull(modelVersions.finalSum), isNull(modelVersions.deletedAtMs));
        const kept = and(eq(modelVersions.model, model), isKept);
        const rows = await database
          .select()
          .from(modelVersions)
          .where(kept)
          .orderBy(desc(modelVersions.version));
        return rows.map(versionOf);
      }),
  };
}

const isVersion = ({ model, version }: VersionId) =>
  and(eq(modelVersions.model, model), eq(modelVersions.version, version));

async function changeTags(
  database: Database,
  { model, version }: VersionId,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<void> {
  const missing = unknown({ model, version }, "version_tags_of_a_version");
  await asStoreOperation("change tags", missing, () =>
    database.transaction(async (transaction) => {
      const tags = add.map((tag) => ({ model, version, tag }));
      if (tags.length > 0) await transaction.insert(versionTags).values(tags).onConflictDoNothing();
      if (remove.length === 0) return;
      const ofVersion = and(eq(versionTags.model, model), eq(versionTags.version, version));
      await transaction.delete(versionTags).where(and(ofVersion, inArray(versionTags.tag, [...remove])));
    }),
  );
}

async function listStatements(database: Database, { model, version }: VersionId): Promise<StatementRecord[]> {
  return asStoreOperation("list statements", {}, async () => {
    const rows = await database
      .select()
      .from(versionStatements)
      .where(and(eq(versionStatements.model, model), eq(versionStatements.version, version)))
      .orderBy(asc(versionStatements.position));
    return rows.map((row) => ({
      actor: row.actor,
      atMs: row.atMs,
      ...decodeWith(statementFields, row, stored("statement")),
    }));
  });
}

async function saveCard(
  database: Database,
  { version, card, atMs }: { readonly version: VersionId } & Omit<CardRecord, "revision">,
): Promise<CardRecord> {
  const taken = (): FedgeError =>
    new FedgeError(
      "VERSION_CONFLICT",
      `the card of ${version.model}@${version.version} was just changed; try again`,
    );
  const conflicts = { ...unknown(version, "model_cards_of_a_version"), model_cards_revision_once: taken };
  return asStoreOperation("keep a model card", conflicts, () =>
    database.transaction(async (transaction) => {
      const newest = (await listCards(transaction, version)).at(-1);
      if (newest?.card.sha256 === card.sha256) return newest;
      const record = { revision: (newest?.revision ?? 0) + 1, card, atMs };
      await transaction.insert(modelCards).values({ ...version, ...record });
      return record;
    }),
  );
}

async function listCards(database: Database, { model, version }: VersionId): Promise<CardRecord[]> {
  return asStoreOperation("list model cards", {}, async () => {
    const rows = await database
      .select()
      .from(modelCards)
      .where(and(eq(modelCards.model, model), eq(modelCards.version, version)))
      .orderBy(asc(modelCards.revision))
      .limit(NO_PAGE.limit);
    return rows.map((row) => ({
      revision: row.revision,
      atMs: row.atMs,
      ...decodeWith(cardFields, row, stored("model card")),
    }));
  });
}

function unknown({ model, version }: VersionId, constraint: string): Record<string, () => FedgeError> {
  const message = `model ${model} has no version ${version}; list its versions with \`fedge model show ${model}\``;
  return { [constraint]: () => new FedgeError("VERSION_UNKNOWN", message) };
}
