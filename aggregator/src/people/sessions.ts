import { FedgeError, type SecureRandom } from "@fedge/protocol";
import type { AuditDraft } from "../audit/audit.js";
import type { AuditLog } from "../audit/audit-log.js";
import type { Clock } from "../clock/clock.js";
import { TokenBuckets } from "../http/token-bucket.js";
import { createSecretText } from "../identity/admin-token.js";
import { personCaller, type Caller } from "./caller.js";
import type { Account } from "./people.js";
import type { Passwords } from "./passwords.js";
import type { PeopleStore } from "./ports.js";
import { secretSha256 } from "./secrets.js";

const HOUR_MS = 3_600_000;
/** A session that nobody uses ends. */
export const SESSION_IDLE_MS = 12 * HOUR_MS;
/** Every session ends. */
export const SESSION_MAX_MS = 7 * 24 * HOUR_MS;
/** Use is written down at most this often. */
const USE_STEP_MS = 60_000;

/** Guesses that one address and one name may make: a person who errs passes, a list of passwords does not. */
const ADDRESS_RATE = { perSecond: 0.2, burst: 20 };
const NAME_RATE = { perSecond: 1 / 30, burst: 10 };

export interface PeopleParts {
  readonly store: PeopleStore;
  readonly audit: Pick<AuditLog, "append" | "anchorHead">;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly random: SecureRandom;
}

export interface SignIn {
  readonly name: string;
  readonly password: string;
  /** Where the request comes from. */
  readonly address: string;
}

/** A session that begins; `secret` is shown once. */
export interface StartedSession {
  readonly secret: string;
  readonly account: Account;
}

/** Who is signed in. */
export class Sessions {
  readonly #byAddress: TokenBuckets;
  readonly #byName: TokenBuckets;

  constructor(private readonly parts: PeopleParts) {
    this.#byAddress = new TokenBuckets(parts.clock, ADDRESS_RATE, "attempts to sign in from this address");
    this.#byName = new TokenBuckets(parts.clock, NAME_RATE, "attempts to sign in to this account");
  }

  /**
   * Begins a session of its own secret. Throws CREDENTIALS_INVALID for a wrong name, a wrong password and a disabled
   * account alike, and after the same work; RATE_LIMITED after many attempts.
   */
  async signIn({ name, password, address }: SignIn): Promise<StartedSession> {
    this.#byAddress.take(address);
    this.#byName.take(name);
    const found = await this.parts.store.findAccount(name);
    const isRight = await this.parts.passwords.verify(password, found?.passwordHash ?? null);
    if (found === undefined || !isRight || found.disabledAtMs !== null) {
      await this.parts.audit.append({
        actor: "anonymous",
        action: "session.refuse",
        subject: name,
        details: {},
      });
      throw new FedgeError(
        "CREDENTIALS_INVALID",
        "name or password is wrong, or the account is disabled; an administrator can invite you again",
      );
    }
    const { passwordHash: _hash, ...account } = found;
    return this.begin(account);
  }

  /** A session for somebody who has shown who he is. */
  async begin(account: Account): Promise<StartedSession> {
    const secret = createSecretText(this.parts.random);
    const session = { secretSha256: secretSha256(secret), account: account.name };
    await this.parts.store.addSession(session, this.#audited(account.name, "session.begin"));
    await this.parts.audit.anchorHead();
    await this.sweep();
    return { secret, account };
  }

  /** Throws SESSION_EXPIRED for a session that is not there, ended, too old, or of a disabled account. */
  async callerOf(secret: string): Promise<Caller> {
    const name = secretSha256(secret);
    const session = await this.parts.store.findSession(name);
    const nowMs = this.parts.clock.nowMs();
    const isLive =
      session !== undefined &&
      session.account.disabledAtMs === null &&
      nowMs - session.lastUsedAtMs < SESSION_IDLE_MS &&
      nowMs - session.createdAtMs < SESSION_MAX_MS;
    if (!isLive) throw new FedgeError("SESSION_EXPIRED", "you are not signed in any more; sign in again");
    if (nowMs - session.lastUsedAtMs >= USE_STEP_MS) await this.parts.store.useSession(name, nowMs);
    return personCaller(session.account.name, session.account.role);
  }

  /** Nothing happens when it has ended already. */
  async signOut(secret: string): Promise<void> {
    const name = secretSha256(secret);
    const session = await this.parts.store.findSession(name);
    if (session === undefined) return;
    await this.parts.store.endSession(name, this.#audited(session.account.name, "session.end"));
    await this.parts.audit.anchorHead();
  }

  /**
   * Throws CREDENTIALS_INVALID when the present password is wrong, OPTION_INVALID for a new one that is too short.
   * Every other session of the account ends.
   */
  async changePassword(change: {
    readonly name: string;
    readonly password: string;
    readonly newPassword: string;
    readonly secret: string | null;
  }): Promise<void> {
    const { name, password, newPassword, secret } = change;
    this.#byName.take(name);
    const found = await this.parts.store.findAccount(name);
    if (!(await this.parts.passwords.verify(password, found?.passwordHash ?? null))) {
      throw new FedgeError("CREDENTIALS_INVALID", "the present password is wrong");
    }
    const passwordHash = await this.parts.passwords.hash(newPassword);
    const keptSessionSha256 = secret === null ? null : secretSha256(secret);
    const entry = this.#audited(name, "account.password");
    await this.parts.store.changePassword(name, { passwordHash, keptSessionSha256 }, entry);
    await this.parts.audit.anchorHead();
  }

  /** Forgets sessions that nobody can use any more. */
  sweep(): Promise<void> {
    const nowMs = this.parts.clock.nowMs();
    return this.parts.store.deleteOldSessions({
      createdAtMs: nowMs - SESSION_MAX_MS,
      lastUsedAtMs: nowMs - SESSION_IDLE_MS,
    });
  }

  #audited(name: string, action: string): { draft: AuditDraft; atMs: number } {
    return { draft: { actor: name, action, subject: name, details: {} }, atMs: this.parts.clock.nowMs() };
  }
}
