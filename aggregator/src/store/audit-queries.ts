import { asc, desc, eq, gt, gte, sql } from "drizzle-orm";
import * as z from "zod/mini";
import type { AuditDraft, AuditEntry } from "../audit/audit.js";
import { EMPTY_CHAIN, canonicalJson, nextEntry, type AuditHead } from "../audit/audit-chain.js";
import type { AuditStore } from "../audit/ports.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { auditEntries } from "./schema/audit.js";

/** Names the lock under which entries get their numbers, on every aggregator of the database. */
const AUDIT_LOCK = 7_015_202_611;

export function auditQueries(database: Database): AuditStore {
  return {
    appendAudit: (draft, atMs) =>
      asStoreOperation("write the audit log", {}, () =>
        database.transaction((transaction) => appendAuditEntry(transaction, draft, atMs)),
      ),
    listAudit: ({ limit, offset, sinceMs = Number.MIN_SAFE_INTEGER }) =>
      asStoreOperation("read the audit log", {}, async () => {
        const newest = database.select().from(auditEntries).where(gte(auditEntries.atMs, sinceMs));
        return (await newest.orderBy(desc(auditEntries.seq)).limit(limit).offset(offset)).map(entryOf);
      }),
    auditAfter: (seq, limit) =>
      asStoreOperation("read the audit log", {}, async () => {
        const later = database.select().from(auditEntries).where(gt(auditEntries.seq, seq));
        return (await later.orderBy(asc(auditEntries.seq)).limit(limit)).map(entryOf);
      }),
    lastAudit: () => asStoreOperation("read the audit log", {}, () => lastAudit(database)),
    auditHashOf: (seq) =>
      asStoreOperation("read the audit log", {}, async () => {
        const { hash } = auditEntries;
        const [row] = await database.select({ hash }).from(auditEntries).where(eq(auditEntries.seq, seq));
        return row?.hash;
      }),
  };
}

/**
 * Writes an entry within another change's transaction, so that both happen or neither. Call it last: until the
 * transaction ends, every other entry waits. Then `AuditLog.anchorHead` remembers it outside of the database.
 */
export async function appendAuditEntry(
  transaction: Database,
  draft: AuditDraft,
  atMs: number,
): Promise<AuditEntry> {
  await transaction.execute(sql`select pg_advisory_xact_lock(${AUDIT_LOCK})`);
  const entry = nextEntry((await lastAudit(transaction)) ?? EMPTY_CHAIN, draft, atMs);
  await transaction.insert(auditEntries).values({ ...entry, details: canonicalJson(entry.details) });
  return entry;
}

async function lastAudit(database: Database): Promise<AuditHead | undefined> {
  const { seq, hash } = auditEntries;
  const [row] = await database
    .select({ seq, hash })
    .from(auditEntries)
    .orderBy(desc(auditEntries.seq))
    .limit(1);
  return row;
}

function entryOf(row: typeof auditEntries.$inferSelect): AuditEntry {
  return { ...row, details: detailsOf(row.details) };
}

/** A check has to reach an entry that somebody damaged, so it comes out as what it is, with a hash that does not fit. */
function detailsOf(text: string): Record<string, unknown> {
  try {
    const parsed = z.safeParse(z.record(z.string(), z.unknown()), JSON.parse(text));
    return parsed.data ?? { damaged: text };
  } catch {
    return { damaged: text };
  }
}
