import { Accounts } from "./accounts.js";
import { ApiTokens } from "./api-tokens.js";
import { PasswordResets } from "./password-resets.js";
import { Sessions, type PeopleParts } from "./sessions.js";

/** Accounts, sessions, tokens and password links of one aggregator. */
export interface PeopleService {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly tokens: ApiTokens;
  readonly resets: PasswordResets;
}

export function createPeople(parts: PeopleParts): PeopleService {
  return {
    accounts: new Accounts(parts),
    sessions: new Sessions(parts),
    tokens: new ApiTokens(parts),
    resets: new PasswordResets(parts),
  };
}
