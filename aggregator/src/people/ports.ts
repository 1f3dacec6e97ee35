import type { Audited } from "../audit/ports.js";
import type { Account, ApiToken, Invitation, PasswordReset, Session } from "./people.js";
import type { Role } from "./roles.js";

/** What is kept of people. Secrets come as SHA-256 (hex). Every method is one transaction. */
export interface PeopleStore {
  countAccounts(): Promise<number>;
  /** By name. */
  listAccounts(): Promise<Account[]>;
  findAccount(name: string): Promise<(Account & { readonly passwordHash: string }) | undefined>;
  /** A disabled account loses its sessions, a changed one the open links that it made. Throws ACCOUNT_UNKNOWN. */
  changeAccount(
    name: string,
    change: { readonly role?: Role; readonly disabledAtMs?: number | null },
    audited: Audited,
  ): Promise<Account>;
  /** Ends every session of the account but the one that is kept, and its open reset. Throws ACCOUNT_UNKNOWN. */
  changePassword(
    name: string,
    change: { readonly passwordHash: string; readonly keptSessionSha256: string | null },
    audited: Audited,
  ): Promise<void>;

  /** `replaces` voids the open invitations that the same one made. */
  addInvitation(
    invitation: Invitation & { readonly codeSha256: string },
    how: { readonly audited: Audited; readonly replaces: boolean },
  ): Promise<void>;
  /** One that can be accepted now; undefined for every other. */
  findInvitation(codeSha256: string, nowMs: number): Promise<Invitation | undefined>;
  /**
   * Uses the invitation up and makes its account, both or neither.
   * Throws INVITATION_INVALID when it is used up or expired, ACCOUNT_EXISTS when the name is taken.
   */
  acceptInvitation(
    codeSha256: string,
    account: { readonly name: string; readonly passwordHash: string },
    audited: Audited,
  ): Promise<Account>;

  /** Replaces the account's reset. Throws ACCOUNT_UNKNOWN. */
  addPasswordReset(reset: PasswordReset & { readonly codeSha256: string }, audited: Audited): Promise<void>;
  /** One that can be used now; undefined for every other. */
  findPasswordReset(codeSha256: string, nowMs: number): Promise<PasswordReset | undefined>;
  /**
   * Uses the reset up, sets the password and ends every session of its account, all or nothing.
   * Throws PASSWORD_LINK_INVALID when it is used up or expired, or the account is disabled.
   */
  usePasswordReset(codeSha256: string, passwordHash: string, audited: Audited): Promise<Account>;

  addSession(
    session: { readonly secretSha256: string; readonly account: string },
    audited: Audited,
  ): Promise<void>;
  findSession(secretSha256: string): Promise<Session | undefined>;
  useSession(secretSha256: string, atMs: number): Promise<void>;
  /** What is not there is ended already. */
  endSession(secretSha256: string, audited: Audited): Promise<void>;
  /** Forgets sessions that began or were used last before these times. */
  deleteOldSessions(before: { readonly createdAtMs: number; readonly lastUsedAtMs: number }): Promise<void>;

  addToken(token: ApiToken & { readonly secretSha256: string }, audited: Audited): Promise<void>;
  /** The token and the account that made it. */
  findToken(secretSha256: string): Promise<{ token: ApiToken; account: Account | null } | undefined>;
  useToken(tokenId: string, atMs: number): Promise<void>;
  /** Newest first, revoked ones too; of one account when it is given. */
  listTokens(account?: string): Promise<ApiToken[]>;
  /** Throws OPTION_INVALID when there is no such token that works, or it is not of `account` where that is given. */
  revokeToken(
    tokenId: string,
    how: { readonly account?: string; readonly audited: Audited },
  ): Promise<ApiToken>;
}
