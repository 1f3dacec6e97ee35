import type { Audited } from "../audit/ports.js";
import { appendAuditEntry } from "./audit-queries.js";
import type { Database } from "./database.js";
import { asStoreOperation, type ConstraintErrors } from "./database-errors.js";

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
