import { FedgeError } from "@fedge/protocol";
import { createSecretText } from "../identity/admin-token.js";
import { tokenCaller, type Caller } from "./caller.js";
import type { ApiToken } from "./people.js";
import { assertMayGive, type Role } from "./roles.js";
import { API_TOKEN_PREFIX, secretSha256 } from "./secrets.js";
import type { PeopleParts } from "./sessions.js";

const USE_STEP_MS = 60_000;
const TOKEN_ID_BYTES = 9;

/** Tokens for programs. */
export class ApiTokens {
  constructor(private readonly parts: PeopleParts) {}

  /**
   * `secret` is shown once. Throws ROLE_INSUFFICIENT for a role that may do more than its maker, and for a token that
   * would make another: a stolen one must not outlive its expiry.
   */
  async create(
    maker: Caller,
    wanted: { readonly name: string; readonly role: Role; readonly expiresInMs: number | null },
  ): Promise<{ readonly secret: string; readonly token: ApiToken }> {
    if (maker.kind === "token") {
      throw new FedgeError("ROLE_INSUFFICIENT", "a token makes no tokens; sign in, or use the admin token");
    }
    assertMayGive(maker.role, wanted.role);
    const createdAtMs = this.parts.clock.nowMs();
    const secret = `${API_TOKEN_PREFIX}${createSecretText(this.parts.random)}`;
    const token: ApiToken = {
      // Hexadecimal: a command line would take a name that begins with a hyphen for a flag.
      tokenId: Buffer.from(this.parts.random.bytes(TOKEN_ID_BYTES)).toString("hex"),
      ...{ name: wanted.name, role: wanted.role, createdAtMs, lastUsedAtMs: null, revokedAtMs: null },
      account: maker.kind === "person" ? maker.name : null,
      expiresAtMs: wanted.expiresInMs === null ? null : createdAtMs + wanted.expiresInMs,
    };
    const details = { name: token.name, role: token.role, expiresAtMs: token.expiresAtMs };
    const draft = {
      actor: maker.name ?? "anonymous",
      action: "token.create",
      subject: token.tokenId,
      details,
    };
    await this.parts.store.addToken(
      { ...token, secretSha256: secretSha256(secret) },
      { draft, atMs: createdAtMs },
    );
    await this.parts.audit.anchorHead();
    return { secret, token };
  }

  /** Throws TOKEN_INVALID for one that is unknown, revoked or of a disabled account, TOKEN_EXPIRED for an old one. */
  async callerOf(secret: string): Promise<Caller> {
    const found = await this.parts.store.findToken(secretSha256(secret));
    const isDisabled = found?.account?.disabledAtMs != null;
    if (found === undefined || found.token.revokedAtMs !== null || isDisabled) {
      throw new FedgeError("TOKEN_INVALID", "this API token does not work any more; make a new one");
    }
    const { token, account } = found;
    const nowMs = this.parts.clock.nowMs();
    if (token.expiresAtMs !== null && nowMs >= token.expiresAtMs) {
      throw new FedgeError("TOKEN_EXPIRED", `the API token ${token.name} has expired; make a new one`);
    }
    if (token.lastUsedAtMs === null || nowMs - token.lastUsedAtMs >= USE_STEP_MS) {
      await this.parts.store.useToken(token.tokenId, nowMs);
    }
    return tokenCaller({ name: token.name, role: token.role, account });
  }

  /** Of everybody for who may manage people, else the caller's own. */
  list(caller: Caller): Promise<ApiToken[]> {
    return this.parts.store.listTokens(...ownerOf(caller));
  }

  /** Throws OPTION_INVALID when the caller has no such working token. */
  async revoke(caller: Caller, tokenId: string): Promise<ApiToken> {
    const draft = {
      actor: caller.name ?? "anonymous",
      action: "token.revoke",
      subject: tokenId,
      details: {},
    };
    const entry = { draft, atMs: this.parts.clock.nowMs() };
    const [account] = ownerOf(caller);
    const how = account === undefined ? { audited: entry } : { audited: entry, account };
    const revoked = await this.parts.store.revokeToken(tokenId, how);
    await this.parts.audit.anchorHead();
    return revoked;
  }
}

/** The account to whose tokens the caller is held; none for who may manage everybody's. */
function ownerOf({ permissions, name }: Caller): [] | [string] {
  return permissions.includes("people") ? [] : [name ?? ""];
}
