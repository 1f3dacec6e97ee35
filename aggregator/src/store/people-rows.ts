import { decodeWith } from "@fedge/protocol";
import * as z from "zod/mini";
import { role, type Account, type ApiToken, type Invitation } from "../people/people.js";
import type { Role } from "../people/roles.js";
import type { accounts, apiTokens, invitations } from "./schema/people.js";

/* A role is a closed set, which SQL does not say here. All throw DATA_CORRUPT. */

export function accountOf(row: typeof accounts.$inferSelect): Account {
  const { name, createdAtMs, disabledAtMs } = row;
  return { name, role: roleOf(row.role, `account ${name}`), createdAtMs, disabledAtMs };
}

export function tokenOf(row: typeof apiTokens.$inferSelect): ApiToken {
  const { secretSha256: _secret, role: stored, ...token } = row;
  return { ...token, role: roleOf(stored, `token ${token.tokenId}`) };
}

export function invitationOf(row: typeof invitations.$inferSelect): Invitation {
  const { name, createdBy, createdAtMs, expiresAtMs } = row;
  return { role: roleOf(row.role, "invitation"), name, createdBy, createdAtMs, expiresAtMs };
}

function roleOf(text: string, what: string): Role {
  return decodeWith(z.object({ role }), { role: text }, { what: `stored ${what}`, code: "DATA_CORRUPT" })
    .role;
}
