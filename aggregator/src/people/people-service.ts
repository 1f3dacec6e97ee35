import { Accounts } from "./accounts.js";
import { ApiTokens } from "./api-tokens.js";
import { Sessions, type PeopleParts } from "./sessions.js";

/** Accounts, sessions and tokens of one aggregator. */
export interface PeopleService {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly tokens: ApiTokens;
}

export function createPeople(parts: PeopleParts): PeopleService {
  return { accounts: new Accounts(parts), sessions: new Sessions(parts), tokens: new ApiTokens(parts) };
}
