import { FedgeError } from "@fedge/protocol";
import { and, desc, eq, isNull, lt, or } from "drizzle-orm";
import type { ApiToken } from "../people/people.js";
import type { PeopleStore } from "../people/ports.js";
import { audited } from "./audited.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { accountOf, tokenOf } from "./people-rows.js";
import { accounts, apiTokens, sessions } from "./schema/people.js";

type SessionQueries = TokenQueries &
  Pick<PeopleStore, "addSession" | "findSession" | "useSession" | "endSession" | "deleteOldSessions">;

export function sessionQueries(database: Database): SessionQueries {
  return {
    addSession: ({ secretSha256, account }, entry) =>
      audited(database, "begin a session", entry, {
        change: async (transaction) => {
          const times = { createdAtMs: entry.atMs, lastUsedAtMs: entry.atMs };
          await transaction.insert(sessions).values({ secretSha256, account, ...times });
        },
      }),
    findSession: (secretSha256) =>
      asStoreOperation("read a session", {}, async () => {
        const joined = database
          .select()
          .from(sessions)
          .innerJoin(accounts, eq(accounts.name, sessions.account));
        const [row] = await joined.where(eq(sessions.secretSha256, secretSha256));
        if (row === undefined) return undefined;
        const { createdAtMs, lastUsedAtMs } = row.sessions;
        return { account: accountOf(row.accounts), createdAtMs, lastUsedAtMs };
      }),
    useSession: (secretSha256, atMs) =>
      asStoreOperation("use a session", {}, async () => {
        const mine = eq(sessions.secretSha256, secretSha256);
        await database.update(sessions).set({ lastUsedAtMs: atMs }).where(mine);
      }),
    endSession: (secretSha256, entry) =>
      audited(database, "end a session", entry, {
        change: async (transaction) => {
          await transaction.delete(sessions).where(eq(sessions.secretSha256, secretSha256));
        },
      }),
    deleteOldSessions: ({ createdAtMs, lastUsedAtMs }) =>
      asStoreOperation("delete old sessions", {}, async () => {
        const isOld = or(lt(sessions.createdAtMs, createdAtMs), lt(sessions.lastUsedAtMs, lastUsedAtMs));
        await database.delete(sessions).where(isOld);
      }),
    ...tokenQueries(database),
  };
}

type TokenQueries = Pick<PeopleStore, "addToken" | "findToken" | "useToken" | "listTokens" | "revokeToken">;

function tokenQueries(database: Database): TokenQueries {
  return {
    addToken: (token, entry) =>
      audited(database, "keep a token", entry, {
        change: async (transaction) => {
          await transaction.insert(apiTokens).values(token);
        },
      }),
    findToken: (secretSha256) =>
      asStoreOperation("read a token", {}, async () => {
        const joined = database
          .select()
          .from(apiTokens)
          .leftJoin(accounts, eq(accounts.name, apiTokens.account));
        const [row] = await joined.where(eq(apiTokens.secretSha256, secretSha256));
        if (row === undefined) return undefined;
        const account = row.accounts === null ? null : accountOf(row.accounts);
        return { token: tokenOf(row.api_tokens), account };
      }),
    useToken: (tokenId, atMs) =>
      asStoreOperation("use a token", {}, async () => {
        await database.update(apiTokens).set({ lastUsedAtMs: atMs }).where(eq(apiTokens.tokenId, tokenId));
      }),
    listTokens: (account) =>
      asStoreOperation("list tokens", {}, async () => {
        const wanted = account === undefined ? undefined : eq(apiTokens.account, account);
        const found = database.select().from(apiTokens).where(wanted);
        return (await found.orderBy(desc(apiTokens.createdAtMs), desc(apiTokens.tokenId))).map(tokenOf);
      }),
    revokeToken: (tokenId, how) => revokeToken(database, tokenId, how),
  };
}

async function revokeToken(
  database: Database,
  tokenId: string,
  { account, audited: entry }: Parameters<PeopleStore["revokeToken"]>[1],
): Promise<ApiToken> {
  const run = async (transaction: Database): Promise<ApiToken> => {
    const owner = account === undefined ? [] : [eq(apiTokens.account, account)];
    const [row] = await transaction
      .update(apiTokens)
      .set({ revokedAtMs: entry.atMs })
      .where(and(eq(apiTokens.tokenId, tokenId), isNull(apiTokens.revokedAtMs), ...owner))
      .returning();
    if (row !== undefined) return tokenOf(row);
    throw new FedgeError(
      "OPTION_INVALID",
      `you have no working token ${tokenId}; \`fedge token list\` shows those there are`,
    );
  };
  return audited(database, "revoke a token", entry, { change: run });
}
