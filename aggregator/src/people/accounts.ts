import { FedgeError } from "@fedge/protocol";
import type { AuditDraft } from "../audit/audit.js";
import { TokenBuckets } from "../http/token-bucket.js";
import { createSecretText } from "../identity/admin-token.js";
import type { Caller } from "./caller.js";
import { accountExists, invitationInvalid, unknownAccount, type Account, type Invitation } from "./people.js";
import type { Role } from "./roles.js";
import { secretSha256 } from "./secrets.js";
import type { PeopleParts } from "./sessions.js";

export const INVITATION_MS = 24 * 3_600_000;

/** Codes that one address may try. */
const ACCEPT_RATE = { perSecond: 0.2, burst: 20 };

/** Who invites the first administrator. */
const SYSTEM = "system";

/** An invitation whose `code` is shown once. */
export interface NewInvitation extends Invitation {
  readonly code: string;
}

/** Who has an account, and how one gets it. */
export class Accounts {
  readonly #byAddress: TokenBuckets;

  constructor(private readonly parts: PeopleParts) {
    this.#byAddress = new TokenBuckets(parts.clock, ACCEPT_RATE, "invitations tried from this address");
  }

  /** The invitation of the first administrator, which voids the one of an earlier start; null once somebody is there. */
  async inviteFirst(): Promise<NewInvitation | null> {
    if ((await this.parts.store.countAccounts()) > 0) return null;
    return this.#invite({ role: "admin", name: null, createdBy: SYSTEM }, true);
  }

  /** Throws ACCOUNT_EXISTS when the name is taken. */
  async invite(
    maker: Caller,
    wanted: { readonly role: Role; readonly name: string | null },
  ): Promise<NewInvitation> {
    const { role, name } = wanted;
    if (name !== null && (await this.parts.store.findAccount(name)) !== undefined) throw accountExists(name);
    return this.#invite({ role, name, createdBy: maker.name ?? SYSTEM }, false);
  }

  /**
   * Makes the account; the code works once. Throws INVITATION_INVALID, ACCOUNT_EXISTS, OPTION_INVALID for a password
   * that is too short or another name than the invitation's, RATE_LIMITED.
   */
  async accept(accepted: {
    readonly code: string;
    readonly name: string;
    readonly password: string;
    readonly address: string;
  }): Promise<Account> {
    this.#byAddress.take(accepted.address);
    const { name } = accepted;
    const codeSha256 = secretSha256(accepted.code);
    const nowMs = this.parts.clock.nowMs();
    const invitation = await this.parts.store.findInvitation(codeSha256, nowMs);
    if (invitation === undefined) throw invitationInvalid();
    if (invitation.name !== null && invitation.name !== name) throw otherName(invitation.name);
    const passwordHash = await this.parts.passwords.hash(accepted.password);
    const { role, createdBy } = invitation;
    const draft = {
      actor: name,
      action: "account.create",
      subject: name,
      details: { role, invitedBy: createdBy },
    };
    const audited = { draft, atMs: this.parts.clock.nowMs() };
    const account = await this.parts.store.acceptInvitation(codeSha256, { name, passwordHash }, audited);
    await this.parts.audit.anchorHead();
    return account;
  }

  list(): Promise<Account[]> {
    return this.parts.store.listAccounts();
  }

  /** Takes effect with the next request of the account. Throws ACCOUNT_UNKNOWN. */
  async change(
    changer: Caller,
    name: string,
    wanted: { readonly role?: Role; readonly disabled?: boolean },
  ): Promise<Account> {
    const before = await this.parts.store.findAccount(name);
    if (before === undefined) throw unknownAccount(name);
    const atMs = this.parts.clock.nowMs();
    const details = { ...wanted, before: { role: before.role, disabled: before.disabledAtMs !== null } };
    const draft = { actor: changer.name ?? SYSTEM, action: "account.change", subject: name, details };
    const disabledAtMs = wanted.disabled === true ? (before.disabledAtMs ?? atMs) : null;
    const change = {
      ...(wanted.role === undefined ? {} : { role: wanted.role }),
      ...(wanted.disabled === undefined ? {} : { disabledAtMs }),
    };
    const account = await this.parts.store.changeAccount(name, change, { draft, atMs });
    await this.parts.audit.anchorHead();
    return account;
  }

  async #invite(
    { role, name, createdBy }: Pick<Invitation, "role" | "name" | "createdBy">,
    replaces: boolean,
  ): Promise<NewInvitation> {
    const code = createSecretText(this.parts.random);
    const createdAtMs = this.parts.clock.nowMs();
    const invitation = { role, name, createdBy, createdAtMs, expiresAtMs: createdAtMs + INVITATION_MS };
    const details = { role, expiresAtMs: invitation.expiresAtMs };
    const draft: AuditDraft = {
      actor: createdBy,
      action: "account.invite",
      subject: name ?? "anybody",
      details,
    };
    const kept = { ...invitation, codeSha256: secretSha256(code) };
    await this.parts.store.addInvitation(kept, { audited: { draft, atMs: createdAtMs }, replaces });
    await this.parts.audit.anchorHead();
    return { ...invitation, code };
  }
}

function otherName(name: string): FedgeError {
  return new FedgeError("OPTION_INVALID", `this invitation is for the name ${name}`, {
    details: { fields: [{ path: "name", message: `is ${name} in this invitation` }] },
  });
}
