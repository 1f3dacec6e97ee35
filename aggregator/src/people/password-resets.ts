import { FedgeError } from "@fedge/protocol";
import { TokenBuckets } from "../http/token-bucket.js";
import { createSecretText } from "../identity/admin-token.js";
import { MACHINE_ACTOR, type Caller } from "./caller.js";
import { passwordLinkInvalid, unknownAccount, type Account, type PasswordReset } from "./people.js";
import { secretSha256 } from "./secrets.js";
import type { PeopleParts } from "./sessions.js";

export const PASSWORD_RESET_MS = 24 * 3_600_000;

/** Codes that one address may try. */
const USE_RATE = { perSecond: 0.2, burst: 20 };

/** A reset whose `code` is shown once. */
export interface NewPasswordReset extends PasswordReset {
  readonly code: string;
}

/** Links by which somebody who forgot his password sets a new one. */
export class PasswordResets {
  readonly #byAddress: TokenBuckets;

  constructor(private readonly parts: PeopleParts) {
    this.#byAddress = new TokenBuckets(parts.clock, USE_RATE, "password links tried from this address");
  }

  /**
   * Makes a link for 24 hours, which voids the account's earlier one; the present password goes on working until then.
   * Throws ACCOUNT_UNKNOWN, and OPTION_INVALID for a disabled account.
   */
  async create(maker: Caller, name: string): Promise<NewPasswordReset> {
    const found = await this.parts.store.findAccount(name);
    if (found === undefined) throw unknownAccount(name);
    if (found.disabledAtMs !== null) throw accountDisabled(name);
    const code = createSecretText(this.parts.random);
    const createdAtMs = this.parts.clock.nowMs();
    const createdBy = maker.name ?? MACHINE_ACTOR;
    const reset = { account: name, createdBy, createdAtMs, expiresAtMs: createdAtMs + PASSWORD_RESET_MS };
    const details = { expiresAtMs: reset.expiresAtMs };
    const draft = { actor: createdBy, action: "account.reset", subject: name, details };
    const audited = { draft, atMs: createdAtMs };
    await this.parts.store.addPasswordReset({ ...reset, codeSha256: secretSha256(code) }, audited);
    await this.parts.audit.anchorHead();
    return { ...reset, code };
  }

  /**
   * Sets the password and ends every session of the account; the code works once.
   * Throws PASSWORD_LINK_INVALID, OPTION_INVALID for a password that is too short, RATE_LIMITED.
   */
  async use(used: {
    readonly code: string;
    readonly password: string;
    readonly address: string;
  }): Promise<Account> {
    this.#byAddress.take(used.address);
    const codeSha256 = secretSha256(used.code);
    const reset = await this.parts.store.findPasswordReset(codeSha256, this.parts.clock.nowMs());
    if (reset === undefined) throw passwordLinkInvalid();
    const passwordHash = await this.parts.passwords.hash(used.password);
    const { account: name, createdBy } = reset;
    const draft = {
      ...{ actor: name, action: "account.password", subject: name },
      details: { resetBy: createdBy },
    };
    const audited = { draft, atMs: this.parts.clock.nowMs() };
    const account = await this.parts.store.usePasswordReset(codeSha256, passwordHash, audited);
    await this.parts.audit.anchorHead();
    return account;
  }
}

function accountDisabled(name: string): FedgeError {
  return new FedgeError(
    "OPTION_INVALID",
    `account ${name} is disabled, and a new password would not let it in; \`fedge account enable ${name}\` comes first`,
  );
}
