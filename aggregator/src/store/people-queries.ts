import { FedgeError } from "@fedge/protocol";
import { and, asc, count, eq, gt, isNull, ne } from "drizzle-orm";
import { accountExists, invitationInvalid, unknownAccount, type Account } from "../people/people.js";
import type { Audited } from "../audit/ports.js";
import type { PeopleStore } from "../people/ports.js";
import { audited } from "./audited.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { accountOf, invitationOf } from "./people-rows.js";
import { passwordResetQueries } from "./password-reset-queries.js";
import { accounts, invitations, passwordResets, sessions } from "./schema/people.js";
import { sessionQueries } from "./session-queries.js";

export function peopleQueries(database: Database): PeopleStore {
  return {
    ...accountQueries(database),
    ...invitationQueries(database),
    ...passwordResetQueries(database),
    ...sessionQueries(database),
  };
}

type AccountQueries = Pick<
  PeopleStore,
  "countAccounts" | "listAccounts" | "findAccount" | "changeAccount" | "changePassword"
>;

function accountQueries(database: Database): AccountQueries {
  return {
    countAccounts: () =>
      asStoreOperation("count accounts", {}, async () => {
        const [row] = await database.select({ total: count() }).from(accounts);
        return row?.total ?? 0;
      }),
    listAccounts: () =>
      asStoreOperation("list accounts", {}, async () =>
        (await database.select().from(accounts).orderBy(asc(accounts.name))).map(accountOf),
      ),
    findAccount: (name) =>
      asStoreOperation("read an account", {}, async () => {
        const [row] = await database.select().from(accounts).where(eq(accounts.name, name));
        return row === undefined ? undefined : { ...accountOf(row), passwordHash: row.passwordHash };
      }),
    changeAccount: (name, change, entry) => changeAccount(database, name, change, entry),
    changePassword: (name, change, entry) => changePassword(database, name, change, entry),
  };
}

async function changeAccount(
  database: Database,
  name: string,
  change: Parameters<PeopleStore["changeAccount"]>[1],
  entry: Audited,
): Promise<Account> {
  const run = async (transaction: Database): Promise<Account> => {
    const [row] = await transaction.update(accounts).set(change).where(eq(accounts.name, name)).returning();
    if (row === undefined) throw unknownAccount(name);
    if (row.disabledAtMs !== null) await transaction.delete(sessions).where(eq(sessions.account, name));
    // Whoever may do less now does not let others in with what he could do before.
    await transaction.delete(invitations).where(isOpenOf(name));
    await transaction.delete(passwordResets).where(eq(passwordResets.createdBy, name));
    return accountOf(row);
  };
  return audited(database, "change an account", entry, { change: run });
}

async function changePassword(
  database: Database,
  name: string,
  { passwordHash, keptSessionSha256 }: Parameters<PeopleStore["changePassword"]>[1],
  entry: Audited,
): Promise<void> {
  await audited(database, "change a password", entry, {
    change: async (transaction) => {
      const changed = await transaction
        .update(accounts)
        .set({ passwordHash })
        .where(eq(accounts.name, name))
        .returning({ name: accounts.name });
      if (changed.length === 0) throw unknownAccount(name);
      await transaction.delete(passwordResets).where(eq(passwordResets.account, name));
      const others = keptSessionSha256 === null ? [] : [ne(sessions.secretSha256, keptSessionSha256)];
      await transaction.delete(sessions).where(and(eq(sessions.account, name), ...others));
    },
  });
}

type InvitationQueries = Pick<PeopleStore, "addInvitation" | "findInvitation" | "acceptInvitation">;

function invitationQueries(database: Database): InvitationQueries {
  return {
    addInvitation: (invitation, how) =>
      audited(database, "keep an invitation", how.audited, {
        change: async (transaction) => {
          if (how.replaces) await transaction.delete(invitations).where(isOpenOf(invitation.createdBy));
          await transaction.insert(invitations).values(invitation);
        },
      }),
    findInvitation: (codeSha256, nowMs) =>
      asStoreOperation("read an invitation", {}, async () => {
        const [row] = await database.select().from(invitations).where(isOpen(codeSha256, nowMs));
        return row === undefined ? undefined : invitationOf(row);
      }),
    acceptInvitation: (codeSha256, account, entry) => acceptInvitation(database, codeSha256, account, entry),
  };
}

const isOpenOf = (createdBy: string) =>
  and(eq(invitations.createdBy, createdBy), isNull(invitations.acceptedAtMs));

const isOpen = (codeSha256: string, nowMs: number) =>
  and(
    eq(invitations.codeSha256, codeSha256),
    isNull(invitations.acceptedAtMs),
    gt(invitations.expiresAtMs, nowMs),
  );

async function acceptInvitation(
  database: Database,
  codeSha256: string,
  { name, passwordHash }: Parameters<PeopleStore["acceptInvitation"]>[1],
  entry: Audited,
): Promise<Account> {
  const run = async (transaction: Database): Promise<Account> => {
    // The row is locked by the update: of two who accept at once, the second finds it used up.
    const [invitation] = await transaction
      .update(invitations)
      .set({ acceptedAtMs: entry.atMs })
      .where(isOpen(codeSha256, entry.atMs))
      .returning();
    if (invitation === undefined) throw invitationInvalid();
    const row = { name, role: invitation.role, passwordHash, createdAtMs: entry.atMs };
    const [made] = await transaction.insert(accounts).values(row).returning();
    if (made === undefined) throw new FedgeError("INTERNAL", "the database gave no row for a new account");
    return accountOf(made);
  };
  const conflicts = { accounts_pkey: () => accountExists(name) };
  return audited(database, "accept an invitation", entry, { change: run, conflicts });
}
