import { and, eq, gt, isNull } from "drizzle-orm";
import type { Audited } from "../audit/ports.js";
import { passwordLinkInvalid, unknownAccount, type Account } from "../people/people.js";
import type { PeopleStore } from "../people/ports.js";
import { audited } from "./audited.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { accountOf } from "./people-rows.js";
import { accounts, passwordResets, sessions } from "./schema/people.js";

type PasswordResetQueries = Pick<PeopleStore, "addPasswordReset" | "findPasswordReset" | "usePasswordReset">;

export function passwordResetQueries(database: Database): PasswordResetQueries {
  return {
    addPasswordReset: (reset, entry) =>
      audited(database, "keep a password link", entry, {
        change: async (transaction) => {
          const { account, ...link } = reset;
          await transaction
            .insert(passwordResets)
            .values(reset)
            .onConflictDoUpdate({ target: passwordResets.account, set: link });
        },
        conflicts: { password_resets_account_accounts_name_fk: () => unknownAccount(reset.account) },
      }),
    findPasswordReset: (codeSha256, nowMs) =>
      asStoreOperation("read a password link", {}, async () => {
        const [row] = await database.select().from(passwordResets).where(isOpen(codeSha256, nowMs));
        if (row === undefined) return undefined;
        const { codeSha256: _code, ...reset } = row;
        return reset;
      }),
    usePasswordReset: (codeSha256, passwordHash, entry) =>
      usePasswordReset(database, { codeSha256, passwordHash, entry }),
  };
}

const isOpen = (codeSha256: string, nowMs: number) =>
  and(eq(passwordResets.codeSha256, codeSha256), gt(passwordResets.expiresAtMs, nowMs));

async function usePasswordReset(
  database: Database,
  {
    codeSha256,
    passwordHash,
    entry,
  }: { readonly codeSha256: string; readonly passwordHash: string; readonly entry: Audited },
): Promise<Account> {
  const run = async (transaction: Database): Promise<Account> => {
    // The row is locked by the deletion: of two who use it at once, the second finds it used up.
    const [reset] = await transaction
      .delete(passwordResets)
      .where(isOpen(codeSha256, entry.atMs))
      .returning();
    if (reset === undefined) throw passwordLinkInvalid();
    const [account] = await transaction
      .update(accounts)
      .set({ passwordHash })
      .where(and(eq(accounts.name, reset.account), isNull(accounts.disabledAtMs)))
      .returning();
    if (account === undefined) throw passwordLinkInvalid();
    await transaction.delete(sessions).where(eq(sessions.account, reset.account));
    return accountOf(account);
  };
  return audited(database, "set a password by a link", entry, { change: run });
}
