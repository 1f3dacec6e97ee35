import { AuditLog } from "../audit/audit-log.js";
import { fileAuditAnchor } from "../audit/file-audit-anchor.js";
import { nodeSecureRandom } from "../identity/secure-random.js";
import { createPasswords } from "../people/passwords.js";
import { createPeople, type PeopleService } from "../people/people-service.js";
import type { Foundations } from "./foundations.js";

/** Who comes in, and where it is written down. */
export interface People {
  readonly audit: AuditLog;
  readonly people: PeopleService;
  /** Code of the first administrator's invitation; null once somebody has an account. */
  readonly firstInvitation: string | null;
}

/** Opens the audit log and, as long as nobody has an account, makes the invitation of the first administrator. */
export async function openPeople(
  parts: Pick<Foundations, "store" | "state" | "clock" | "logger">,
): Promise<People> {
  const { store, state, clock, logger: log } = parts;
  const anchor = fileAuditAnchor(state.paths.auditAnchorFile);
  const audit = await AuditLog.open({ store, anchor, clock, log });
  const random = nodeSecureRandom;
  const people = createPeople({ store, audit, clock, random, passwords: createPasswords(random) });
  await people.sessions.sweep();
  const invitation = await people.accounts.inviteFirst();
  return { audit, people, firstInvitation: invitation?.code ?? null };
}
