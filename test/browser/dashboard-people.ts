import type { Role } from "../../aggregator/src/people/roles.js";

/** People of the tests, by what they may do. */
export interface Person {
  readonly name: string;
  readonly role: Role;
}

export const PEOPLE = {
  /** Looks at everything and changes nothing. */
  vera: { name: "vera", role: "viewer" },
  /** Proposes rollouts and steers none. */
  dana: { name: "dana", role: "data-scientist" },
  /** Steers and approves. */
  bob: { name: "bob", role: "operator" },
  /** Steers at the same time as Bob. */
  cleo: { name: "cleo", role: "operator" },
} as const satisfies Record<string, Person>;
