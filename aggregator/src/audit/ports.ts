import type { AuditDraft, AuditEntry } from "./audit.js";
import type { AuditHead } from "./audit-chain.js";

/** The entry that a change writes in its own transaction. */
export interface Audited {
  readonly draft: AuditDraft;
  readonly atMs: number;
}

/** Where the chain is kept. It has no way to change or delete an entry. */
export interface AuditStore {
  /** Appends after the last entry, whoever else appends meanwhile; gives what was kept. */
  appendAudit(draft: AuditDraft, atMs: number): Promise<AuditEntry>;
  /** Newest first. */
  listAudit(query: {
    readonly limit: number;
    readonly offset: number;
    /** Only entries of this time or later. */
    readonly sinceMs?: number;
  }): Promise<AuditEntry[]>;
  /** Entries with a number above `seq`, in order, at most `limit`. */
  auditAfter(seq: number, limit: number): Promise<AuditEntry[]>;
  /** Of the last entry; undefined for none. */
  lastAudit(): Promise<AuditHead | undefined>;
  /** Hash of the entry with this number; undefined when there is none. */
  auditHashOf(seq: number): Promise<string | undefined>;
}

/** Remembers outside of the database how far the chain went. */
export interface AuditAnchor {
  /** Undefined before the first write. Throws AUDIT_BROKEN for one that cannot be read. */
  read(): Promise<AuditHead | undefined>;
  /** Durable when it resolves. */
  write(head: AuditHead): Promise<void>;
}
