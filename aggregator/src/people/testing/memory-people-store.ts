import { FedgeError } from "@fedge/protocol";
import type { Audited } from "../../audit/ports.js";
import type { MemoryAuditStore } from "../../audit/testing/memory-audit.js";
import {
  accountExists,
  invitationInvalid,
  passwordLinkInvalid,
  unknownAccount,
  type Account,
  type ApiToken,
  type Invitation,
  type PasswordReset,
  type Session,
} from "../people.js";
import type { PeopleStore } from "../ports.js";

type StoredAccount = Account & { readonly passwordHash: string };
type StoredInvitation = Invitation & { readonly codeSha256: string };
interface StoredSession {
  readonly account: string;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number;
}

/** People in memory; what they do goes to the given audit store. */
export class MemoryPeopleStore implements PeopleStore {
  readonly #accounts = new Map<string, StoredAccount>();
  readonly #sessions = new Map<string, StoredSession>();
  readonly #invitations = new Map<string, StoredInvitation>();
  /** By account. */
  readonly #resets = new Map<string, PasswordReset & { readonly codeSha256: string }>();
  readonly #tokens = new Map<string, ApiToken & { readonly secretSha256: string }>();

  constructor(private readonly audit: MemoryAuditStore) {}

  async countAccounts(): Promise<number> {
    return this.#accounts.size;
  }

  async listAccounts(): Promise<Account[]> {
    const all = [...this.#accounts.values()].map(({ passwordHash: _hash, ...account }) => account);
    return all.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  async findAccount(name: string): Promise<StoredAccount | undefined> {
    return this.#accounts.get(name);
  }

  async changeAccount(
    ...[name, change, audited]: Parameters<PeopleStore["changeAccount"]>
  ): Promise<Account> {
    const before = this.#account(name);
    const after = { ...before, ...change };
    this.audit.append(audited);
    this.#accounts.set(name, after);
    if (after.disabledAtMs !== null) this.#endSessions(name, null);
    this.#voidInvitationsOf(name);
    for (const [account, { createdBy }] of this.#resets) {
      if (createdBy === name) this.#resets.delete(account);
    }
    const { passwordHash: _hash, ...account } = after;
    return account;
  }

  async changePassword(...[name, change, audited]: Parameters<PeopleStore["changePassword"]>): Promise<void> {
    const before = this.#account(name);
    this.audit.append(audited);
    this.#accounts.set(name, { ...before, passwordHash: change.passwordHash });
    this.#resets.delete(name);
    this.#endSessions(name, change.keptSessionSha256);
  }

  async addInvitation(...[invitation, how]: Parameters<PeopleStore["addInvitation"]>): Promise<void> {
    this.audit.append(how.audited);
    if (how.replaces) this.#voidInvitationsOf(invitation.createdBy);
    this.#invitations.set(invitation.codeSha256, invitation);
  }

  async findInvitation(codeSha256: string, nowMs: number): Promise<Invitation | undefined> {
    return this.#openInvitation(codeSha256, nowMs);
  }

  async acceptInvitation(
    ...[codeSha256, { name, passwordHash }, audited]: Parameters<PeopleStore["acceptInvitation"]>
  ): Promise<Account> {
    const invitation = this.#openInvitation(codeSha256, audited.atMs);
    if (invitation === undefined) throw invitationInvalid();
    if (this.#accounts.has(name)) throw accountExists(name);
    this.audit.append(audited);
    const account = { name, role: invitation.role, createdAtMs: audited.atMs, disabledAtMs: null };
    this.#invitations.delete(codeSha256);
    this.#accounts.set(name, { ...account, passwordHash });
    return account;
  }

  async addPasswordReset(...[reset, audited]: Parameters<PeopleStore["addPasswordReset"]>): Promise<void> {
    this.#account(reset.account);
    this.audit.append(audited);
    this.#resets.set(reset.account, reset);
  }

  async findPasswordReset(codeSha256: string, nowMs: number): Promise<PasswordReset | undefined> {
    return this.#openReset(codeSha256, nowMs);
  }

  async usePasswordReset(
    ...[codeSha256, passwordHash, audited]: Parameters<PeopleStore["usePasswordReset"]>
  ): Promise<Account> {
    const reset = this.#openReset(codeSha256, audited.atMs);
    if (reset === undefined) throw passwordLinkInvalid();
    const before = this.#account(reset.account);
    if (before.disabledAtMs !== null) throw passwordLinkInvalid();
    this.audit.append(audited);
    this.#resets.delete(reset.account);
    this.#accounts.set(reset.account, { ...before, passwordHash });
    this.#endSessions(reset.account, null);
    const { passwordHash: _hash, ...account } = before;
    return account;
  }

  async addSession(
    ...[{ secretSha256, account }, audited]: Parameters<PeopleStore["addSession"]>
  ): Promise<void> {
    this.audit.append(audited);
    this.#sessions.set(secretSha256, { account, createdAtMs: audited.atMs, lastUsedAtMs: audited.atMs });
  }

  async findSession(secretSha256: string): Promise<Session | undefined> {
    const session = this.#sessions.get(secretSha256);
    if (session === undefined) return undefined;
    const { passwordHash: _hash, ...account } = this.#account(session.account);
    return { ...session, account };
  }

  async useSession(secretSha256: string, atMs: number): Promise<void> {
    const session = this.#sessions.get(secretSha256);
    if (session !== undefined) this.#sessions.set(secretSha256, { ...session, lastUsedAtMs: atMs });
  }

  async endSession(secretSha256: string, audited: Audited): Promise<void> {
    this.audit.append(audited);
    this.#sessions.delete(secretSha256);
  }

  async deleteOldSessions(before: Parameters<PeopleStore["deleteOldSessions"]>[0]): Promise<void> {
    for (const [secret, { createdAtMs, lastUsedAtMs }] of this.#sessions) {
      const isOld = createdAtMs < before.createdAtMs || lastUsedAtMs < before.lastUsedAtMs;
      if (isOld) this.#sessions.delete(secret);
    }
  }

  async addToken(...[token, audited]: Parameters<PeopleStore["addToken"]>): Promise<void> {
    this.audit.append(audited);
    this.#tokens.set(token.tokenId, token);
  }

  async findToken(secretSha256: string): ReturnType<PeopleStore["findToken"]> {
    const found = [...this.#tokens.values()].find((token) => token.secretSha256 === secretSha256);
    if (found === undefined) return undefined;
    const maker = found.account === null ? undefined : this.#accounts.get(found.account);
    if (maker === undefined) return { token: withoutSecret(found), account: null };
    const { passwordHash: _hash, ...account } = maker;
    return { token: withoutSecret(found), account };
  }

  async useToken(tokenId: string, atMs: number): Promise<void> {
    const token = this.#tokens.get(tokenId);
    if (token !== undefined) this.#tokens.set(tokenId, { ...token, lastUsedAtMs: atMs });
  }

  async listTokens(account?: string): Promise<ApiToken[]> {
    const all = [...this.#tokens.values()].map(withoutSecret).reverse();
    return all.filter((token) => account === undefined || token.account === account);
  }

  async revokeToken(
    ...[tokenId, { account, audited }]: Parameters<PeopleStore["revokeToken"]>
  ): Promise<ApiToken> {
    const token = this.#tokens.get(tokenId);
    const isTheirs = account === undefined || token?.account === account;
    if (token === undefined || token.revokedAtMs !== null || !isTheirs) {
      throw new FedgeError("OPTION_INVALID", `you have no working token ${tokenId}`);
    }
    const revoked = { ...token, revokedAtMs: audited.atMs };
    this.audit.append(audited);
    this.#tokens.set(tokenId, revoked);
    return withoutSecret(revoked);
  }

  #openInvitation(codeSha256: string, nowMs: number): Invitation | undefined {
    const found = this.#invitations.get(codeSha256);
    if (found === undefined || found.expiresAtMs <= nowMs) return undefined;
    const { codeSha256: _code, ...invitation } = found;
    return invitation;
  }

  #openReset(codeSha256: string, nowMs: number): PasswordReset | undefined {
    const found = [...this.#resets.values()].find((reset) => reset.codeSha256 === codeSha256);
    if (found === undefined || found.expiresAtMs <= nowMs) return undefined;
    const { codeSha256: _code, ...reset } = found;
    return reset;
  }

  #account(name: string): StoredAccount {
    const found = this.#accounts.get(name);
    if (found === undefined) throw unknownAccount(name);
    return found;
  }

  #endSessions(account: string, kept: string | null): void {
    for (const [secret, session] of this.#sessions) {
      if (session.account === account && secret !== kept) this.#sessions.delete(secret);
    }
  }

  #voidInvitationsOf(createdBy: string): void {
    for (const [code, invitation] of this.#invitations) {
      if (invitation.createdBy === createdBy) this.#invitations.delete(code);
    }
  }
}

function withoutSecret({ secretSha256: _secret, ...token }: ApiToken & { secretSha256: string }): ApiToken {
  return token;
}
