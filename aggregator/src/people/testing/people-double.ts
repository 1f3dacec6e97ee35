import type { SecureRandom } from "@fedge/protocol";
import { AuditLog } from "../../audit/audit-log.js";
import { MemoryAuditAnchor, MemoryAuditStore } from "../../audit/testing/memory-audit.js";
import type { ManualClock } from "../../clock/manual-clock.js";
import { nodeSecureRandom } from "../../identity/secure-random.js";
import { MACHINE } from "../caller.js";
import { createPasswords } from "../passwords.js";
import { createPeople, type PeopleService } from "../people-service.js";
import type { Role } from "../roles.js";
import { MemoryPeopleStore } from "./memory-people-store.js";

/** What everybody's password is in tests. */
export const PASSWORD = "correct horse battery staple";

export interface PeopleDouble {
  readonly people: PeopleService;
  readonly audit: AuditLog;
  readonly auditStore: MemoryAuditStore;
  readonly anchor: MemoryAuditAnchor;
  /** What was logged as an error. */
  readonly errors: string[];
  /** Makes an account by an invitation. */
  join(name: string, role: Role): Promise<void>;
}

/** People in memory, with real passwords at the least cost. */
export function createPeopleDouble(
  clock: ManualClock,
  random: SecureRandom = nodeSecureRandom,
): PeopleDouble {
  const auditStore = new MemoryAuditStore();
  const anchor = new MemoryAuditAnchor();
  const errors: string[] = [];
  const log = { error: (_details: object, message: string) => void errors.push(message) };
  const audit = new AuditLog({ store: auditStore, anchor, clock, log });
  const store = new MemoryPeopleStore(auditStore);
  const passwords = createPasswords(random, { N: 2, r: 1, p: 1 });
  const people = createPeople({ store, audit, passwords, clock, random });
  const join = async (name: string, role: Role): Promise<void> => {
    const { code } = await people.accounts.invite(MACHINE, { role, name });
    await people.accounts.accept({ code, name, password: PASSWORD, address: name });
  };
  return { people, audit, auditStore, anchor, errors, join };
}
