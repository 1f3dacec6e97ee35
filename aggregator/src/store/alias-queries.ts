import { FedgeError } from "@fedge/protocol";
import { and, asc, desc, eq } from "drizzle-orm";
import type { AliasMove, AliasMoveRecord, RegistryStore } from "../registry/registry-store.js";
import type { Audited } from "../audit/ports.js";
import { appendAuditEntry } from "./audit-queries.js";
import { NO_PAGE, type Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { modelOf } from "./row-codec.js";
import { modelAliasMoves, modelAliases } from "./schema/registry.js";

type AliasQueries = Pick<RegistryStore, "listAliases" | "moveAlias" | "aliasMoves">;

export function aliasQueries(database: Database): AliasQueries {
  return {
    listAliases: (model) =>
      asStoreOperation("list aliases", {}, () =>
        database
          .select({
            alias: modelAliases.alias,
            version: modelAliases.version,
            movedAtMs: modelAliases.movedAtMs,
          })
          .from(modelAliases)
          .where(eq(modelAliases.model, model))
          .orderBy(asc(modelAliases.alias)),
      ),
    moveAlias: (move, entryOf) => moveAlias(database, move, entryOf),
    aliasMoves: (model, page = NO_PAGE) =>
      asStoreOperation("list moves of aliases", {}, async () => {
        const rows = await database
          .select()
          .from(modelAliasMoves)
          .where(eq(modelAliasMoves.model, model))
          .orderBy(desc(modelAliasMoves.position))
          .limit(page.limit)
          .offset(page.offset);
        return rows.map(({ position: _position, ...move }) => ({ ...move, model: modelOf(move.model) }));
      }),
  };
}

async function moveAlias(
  database: Database,
  move: AliasMove,
  entryOf?: (moved: AliasMoveRecord) => Audited,
): Promise<AliasMoveRecord | undefined> {
  const { model, alias, toVersion } = move;
  const conflicts = {
    model_aliases_of_a_version: () =>
      new FedgeError("VERSION_UNKNOWN", `model ${model} has no version ${toVersion}; list its versions`),
    model_aliases_once_per_model: () => movedMeanwhile(move),
  };
  return asStoreOperation("move an alias", conflicts, () =>
    database.transaction(async (transaction) => {
      const fromVersion = await lockedVersion(transaction, move);
      if (move.expected !== undefined && move.expected !== fromVersion) throw movedMeanwhile(move);
      if (fromVersion === toVersion) return undefined;
      await point(transaction, move, fromVersion);
      const { actor, reason, atMs } = move;
      const record: AliasMoveRecord = { model, alias, fromVersion, toVersion, actor, reason, atMs };
      await transaction.insert(modelAliasMoves).values(record);
      const entry = entryOf?.(record);
      if (entry !== undefined) await appendAuditEntry(transaction, entry.draft, entry.atMs);
      return record;
    }),
  );
}

/** Two that move the same alias at once come one after the other. */
async function lockedVersion(database: Database, { model, alias }: AliasMove): Promise<number | null> {
  const [row] = await database
    .select({ version: modelAliases.version })
    .from(modelAliases)
    .where(isAlias(model, alias))
    .for("update");
  return row?.version ?? null;
}

async function point(database: Database, move: AliasMove, fromVersion: number | null): Promise<void> {
  const { model, alias, toVersion: version, atMs: movedAtMs } = move;
  if (version === null) await database.delete(modelAliases).where(isAlias(model, alias));
  else if (fromVersion === null)
    await database.insert(modelAliases).values({ model, alias, version, movedAtMs });
  else await database.update(modelAliases).set({ version, movedAtMs }).where(isAlias(model, alias));
}

const isAlias = (model: string, alias: string) =>
  and(eq(modelAliases.model, model), eq(modelAliases.alias, alias));

function movedMeanwhile({ model, alias }: AliasMove): FedgeError {
  return new FedgeError(
    "VERSION_CONFLICT",
    `alias "${alias}" of model ${model} was moved meanwhile; look where it is and move it again`,
  );
}
