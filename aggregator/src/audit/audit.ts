/** What somebody did. */
export interface AuditDraft {
  /** Account name, `admin-token` for the machine's own token, `system` for what the aggregator does by itself. */
  readonly actor: string;
  /** Kind of subject and verb, such as `task.pause` or `rollout.approve`. */
  readonly action: string;
  /** Id of what it was done to. */
  readonly subject: string;
  /** JSON; never secrets. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** One link of the chain. Entries are never changed and never deleted. */
export interface AuditEntry extends AuditDraft {
  /** From 1 without gaps. */
  readonly seq: number;
  readonly atMs: number;
  /** Hash of entry `seq - 1`; 64 zeros for the first. */
  readonly previousHash: string;
  /** Lower-case hex SHA-256 of the canonical JSON of every other field. */
  readonly hash: string;
}

/** Where everything that changes something writes who did it. */
export interface Audit {
  /**
   * Resolves when the entry is durable. Throws OPTION_INVALID for an entry that is too large or holds what is not
   * JSON, DATABASE_FAILED when it cannot be kept.
   */
  append(entry: AuditDraft): Promise<void>;
}

/** Entries may also be written within the transaction of what they are of; the anchor outside of the database follows. */
export interface AnchoredAudit extends Audit {
  anchorHead(): Promise<void>;
}
