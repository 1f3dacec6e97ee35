import { FedgeError, errorCodeOf } from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";
import type { Audit, AuditDraft, AuditEntry } from "./audit.js";
import { EMPTY_CHAIN, breakBefore, type AuditHead } from "./audit-chain.js";
import type { AuditAnchor, AuditStore } from "./ports.js";

export interface AuditLogParts {
  readonly store: AuditStore;
  readonly anchor: AuditAnchor;
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: { error(details: Readonly<Record<string, unknown>>, message: string): void };
}

/** What a check of the whole chain found. */
export interface AuditCheck {
  readonly ok: boolean;
  /** The last entry that every entry before it vouches for; to be noted elsewhere and compared with later. */
  readonly head: AuditHead;
  /** Number of the first entry that is wrong or missing; null when all is well. */
  readonly brokenSeq: number | null;
  readonly reason: string | null;
}

/** Entries that a check holds in memory at once. */
const CHECK_ROWS = 500;

/**
 * The audit chain of this aggregator. Each entry carries the hash of the one before it, so a changed, inserted or
 * removed entry shows; a file outside of the database remembers the last entry, so a cut end or a chain that was
 * computed anew shows too.
 */
export class AuditLog implements Audit {
  #anchored: AuditHead | undefined;
  /** True once the chain or its anchor turned out damaged: what is left of the anchor is evidence, and stays. */
  #isFrozen = false;
  /** The anchor is written by one at a time, and only forwards. */
  #anchoring: Promise<void> = Promise.resolve();

  /** For a chain without an anchor so far; `open` takes up an earlier one. */
  constructor(private readonly parts: AuditLogParts) {}

  /**
   * Reads the anchor. A damaged one, or a chain that does not reach it, is logged and stays as it is: the fleet goes
   * on, and `verify` names what is wrong.
   */
  static async open(parts: AuditLogParts): Promise<AuditLog> {
    const audit = new AuditLog(parts);
    try {
      audit.#anchored = await parts.anchor.read();
    } catch (error) {
      if (errorCodeOf(error) !== "AUDIT_BROKEN") throw error;
      audit.#freeze({ err: error });
    }
    await audit.#noteMissingAnchor();
    await audit.anchorHead();
    return audit;
  }

  async append(entry: AuditDraft): Promise<void> {
    const { seq, hash } = await this.parts.store.appendAudit(entry, this.parts.clock.nowMs());
    await this.#anchorAt({ seq, hash });
  }

  /** After entries that were written within another change's transaction. */
  async anchorHead(): Promise<void> {
    const head = await this.parts.store.lastAudit();
    await this.#anchorAt(head ?? EMPTY_CHAIN);
  }

  /** Newest first. */
  list(query: Parameters<AuditStore["listAudit"]>[0]): Promise<AuditEntry[]> {
    return this.parts.store.listAudit(query);
  }

  /**
   * Goes through the whole chain and names the first entry at which it breaks. `noted` is a head that somebody kept
   * elsewhere: it shows even a log that was replaced together with its anchor. Throws AUDIT_BROKEN when the anchor
   * cannot be read.
   */
  async verify(noted?: AuditHead): Promise<AuditCheck> {
    const known: KnownHead[] = [
      { head: await this.parts.anchor.read(), where: "the anchor in the state directory" },
      { head: noted, where: "what was noted before" },
    ];
    let head = EMPTY_CHAIN;
    for (;;) {
      const entries = await this.parts.store.auditAfter(head.seq, CHECK_ROWS);
      for (const entry of entries) {
        const reason = breakBefore(entry, head) ?? otherThanKnown(entry, known);
        if (reason !== null) return { ok: false, head, brokenSeq: head.seq + 1, reason };
        head = { seq: entry.seq, hash: entry.hash };
      }
      if (entries.length < CHECK_ROWS) break;
    }
    const reason = cutBefore(known, head);
    return { ok: reason === null, head, brokenSeq: reason === null ? null : head.seq + 1, reason };
  }

  #anchorAt(head: AuditHead): Promise<void> {
    const run = this.#anchoring.then(() => this.#advanceTo(head));
    this.#anchoring = run.catch(() => undefined); // the caller has the failure; the next one tries anew
    return run;
  }

  /** Moves the anchor only along a chain that still holds the entry it stands at: evidence is never overwritten. */
  async #advanceTo(head: AuditHead): Promise<void> {
    if (this.#isFrozen) return;
    const from = this.#anchored ?? EMPTY_CHAIN;
    const isThere = from.seq === 0 || (await this.parts.store.auditHashOf(from.seq)) === from.hash;
    if (!isThere) return this.#freeze({ anchoredSeq: from.seq, lastSeq: head.seq });
    if (head.seq <= from.seq) return;
    await this.parts.anchor.write(head);
    this.#anchored = head;
  }

  /** A state directory that is new to its database has none; anywhere else somebody removed it. */
  async #noteMissingAnchor(): Promise<void> {
    if (this.#isFrozen || this.#anchored !== undefined) return;
    const last = await this.parts.store.lastAudit();
    if (last === undefined) return;
    const message =
      "the state directory has no audit-head: that the log was cut before this start would not show";
    this.parts.log.error({ lastSeq: last.seq }, message);
  }

  #freeze(details: Readonly<Record<string, unknown>>): void {
    this.#isFrozen = true;
    const message = "the audit log was changed from outside; `fedge audit verify` says where";
    this.parts.log.error({ code: "AUDIT_BROKEN", ...details }, message);
  }
}

interface KnownHead {
  readonly head: AuditHead | undefined;
  readonly where: string;
}

function otherThanKnown(entry: AuditEntry, known: readonly KnownHead[]): string | null {
  const other = known.find(({ head }) => head?.seq === entry.seq && head.hash !== entry.hash);
  return other === undefined ? null : `entry ${entry.seq} is another one than ${other.where} names`;
}

function cutBefore(known: readonly KnownHead[], { seq }: AuditHead): string | null {
  for (const { head, where } of known) {
    if (head !== undefined && head.seq > seq)
      return `the log ends at entry ${seq}, ${where} names entry ${head.seq}`;
  }
  return null;
}

/** The check as an error: AUDIT_BROKEN with the entry; nothing when the chain is whole. */
export function assertWhole(check: AuditCheck): void {
  if (check.ok) return;
  throw new FedgeError(
    "AUDIT_BROKEN",
    `the audit log is not whole: ${check.reason ?? "unknown"}; compare with a backup of the database`,
    { details: { brokenSeq: check.brokenSeq, reason: check.reason } },
  );
}
