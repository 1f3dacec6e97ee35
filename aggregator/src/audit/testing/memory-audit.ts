import type { AuditEntry } from "../audit.js";
import { EMPTY_CHAIN, nextEntry, type AuditHead } from "../audit-chain.js";
import type { AuditAnchor, AuditStore, Audited } from "../ports.js";

/** An audit store whose rows a test may damage. */
export class MemoryAuditStore implements AuditStore {
  rows: AuditEntry[] = [];

  async appendAudit(...[draft, atMs]: Parameters<AuditStore["appendAudit"]>): Promise<AuditEntry> {
    return this.append({ draft, atMs });
  }

  /** Within another change: throws, and keeps nothing, before that one happens. */
  append({ draft, atMs }: Audited): AuditEntry {
    const entry = nextEntry(this.rows.at(-1) ?? EMPTY_CHAIN, draft, atMs);
    this.rows = [...this.rows, entry];
    return entry;
  }

  async listAudit({
    limit,
    offset,
    sinceMs = 0,
  }: Parameters<AuditStore["listAudit"]>[0]): Promise<AuditEntry[]> {
    const wanted = this.rows.filter((entry) => entry.atMs >= sinceMs);
    return wanted.reverse().slice(offset, offset + limit);
  }

  async auditAfter(seq: number, limit: number): Promise<AuditEntry[]> {
    return this.rows.filter((entry) => entry.seq > seq).slice(0, limit);
  }

  async lastAudit(): Promise<AuditHead | undefined> {
    const last = this.rows.at(-1);
    return last === undefined ? undefined : { seq: last.seq, hash: last.hash };
  }

  async auditHashOf(seq: number): Promise<string | undefined> {
    return this.rows.find((entry) => entry.seq === seq)?.hash;
  }
}

export class MemoryAuditAnchor implements AuditAnchor {
  head: AuditHead | undefined;

  async read(): Promise<AuditHead | undefined> {
    return this.head;
  }

  async write(head: AuditHead): Promise<void> {
    this.head = head;
  }
}
