import type { Audited } from "../audit/ports.js";
import { appendAuditEntry } from "./audit-queries.js";
import type { Database } from "./database.js";
import { asStoreOperation, type ConstraintErrors } from "./database-errors.js";

/** One transaction: the change, then the entry that its result makes, where it makes one. Both happen or neither. */
export function withEntry<T>(
  database: Database,
  what: string,
  how: {
    readonly change: (transaction: Database) => Promise<T>;
    readonly entry: (result: T) => Audited | undefined;
    readonly conflicts?: ConstraintErrors;
  },
): Promise<T> {
  return asStoreOperation(what, how.conflicts ?? {}, () =>
    database.transaction(async (transaction) => {
      const changed = await how.change(transaction);
      const entry = how.entry(changed);
      if (entry !== undefined) await appendAuditEntry(transaction, entry.draft, entry.atMs);
      return changed;
    }),
  );
}

/** One transaction: the change, then its entry in the audit log. Both happen or neither. */
export function audited<T>(
  database: Database,
  what: string,
  { draft, atMs }: Audited,
  how: { readonly change: (transaction: Database) => Promise<T>; readonly conflicts?: ConstraintErrors },
): Promise<T> {
  return asStoreOperation(what, how.conflicts ?? {}, () =>
    database.transaction(async (transaction) => {
      const changed = await how.change(transaction);
      await appendAuditEntry(transaction, draft, atMs);
      return changed;
    }),
  );
}
