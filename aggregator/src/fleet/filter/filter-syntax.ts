import { FedgeError } from "@fedge/protocol";

export const COMPARATORS = ["==", "!=", "<=", ">=", "<", ">"] as const;
export type Comparator = (typeof COMPARATORS)[number];

/** A value as it was written, and where. */
export interface Literal {
  readonly text: string;
  /** Quoted texts stand for themselves: an asterisk in them is one. */
  readonly isQuoted: boolean;
  /** Characters before it. */
  readonly at: number;
}

/** A filter as it was written; fields and values are not looked at yet. */
export type FilterNode =
  | { readonly kind: "and" | "or"; readonly terms: readonly FilterNode[] }
  | { readonly kind: "not"; readonly term: FilterNode }
  | {
      readonly kind: "compare";
      readonly field: Literal;
      readonly comparator: Comparator;
      readonly value: Literal;
    }
  | { readonly kind: "in"; readonly field: Literal; readonly values: readonly Literal[] };

/** A filter is for people, and a short one: more is a mistake, or an attack on whoever parses it. */
export const MAX_FILTER_LENGTH = 2000;
export const MAX_FILTER_DEPTH = 20;

const EXCERPT_LENGTH = 40;

/** What is wrong with the filter, and where: in one line, as errors are shown. */
export function filterInvalid(filter: string, at: number, problem: string): FedgeError {
  const rest = filter.slice(at).replaceAll(/\s/g, " ");
  const excerpt = rest.length > EXCERPT_LENGTH ? `${rest.slice(0, EXCERPT_LENGTH)}…` : rest;
  const place = rest === "" ? "at the end of the filter" : `at character ${at + 1}, before: ${excerpt}`;
  return new FedgeError("FILTER_INVALID", `${problem} (${place})`, { details: { at } });
}
