import type { AuditLog } from "../../audit/audit-log.js";
import { proposalOf } from "./approval.js";

export interface AuditResult {
  readonly isWhole: boolean;
  readonly numEntries: number;
  /** What the log says of one version's rollout, oldest first: who, what, and why. */
  readonly reasons: readonly string[];
}

const MOST_ENTRIES = 500;

/** The log is verified from its first entry on. */
export async function auditOf(
  audit: Pick<AuditLog, "list" | "verify">,
  version: number,
): Promise<AuditResult> {
  const { ok, head } = await audit.verify();
  const entries = await audit.list({ limit: MOST_ENTRIES, offset: 0 });
  const ofRollout = entries.filter(({ subject }) => subject === proposalOf(version)).reverse();
  const reasons = ofRollout.map(({ actor, action, details }) => {
    const reason = details["reason"];
    return `${actor} ${action}${typeof reason === "string" && reason !== "" ? `: ${reason}` : ""}`;
  });
  return { isWhole: ok, numEntries: head.seq, reasons };
}
