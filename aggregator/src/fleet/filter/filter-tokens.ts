import { COMPARATORS, filterInvalid, type Comparator, type Literal } from "./filter-syntax.js";

export type Token =
  | { readonly kind: "value"; readonly literal: Literal; readonly at: number }
  | { readonly kind: "comparator"; readonly comparator: Comparator; readonly at: number }
  | { readonly kind: "(" | ")" | "," | "end"; readonly at: number };

const WORD = /[A-Za-z0-9._*@/:+-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SPACE = /\s+/y;

/** The filter's words, signs and quoted texts, and its end. Throws FILTER_INVALID for a character that begins none. */
export function filterTokens(filter: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < filter.length;) {
    const space = matchAt(SPACE, filter, at);
    if (space !== undefined) {
      at += space[0].length;
      continue;
    }
    const [token, length] = tokenAt(filter, at);
    tokens.push(token);
    at += length;
  }
  return [...tokens, { kind: "end", at: filter.length }];
}

function tokenAt(filter: string, at: number): readonly [Token, number] {
  const sign = filter[at];
  if (sign === "(" || sign === ")" || sign === ",") return [{ kind: sign, at }, 1];
  const comparator = COMPARATORS.find((each) => filter.startsWith(each, at));
  if (comparator !== undefined) return [{ kind: "comparator", comparator, at }, comparator.length];
  const word = matchAt(WORD, filter, at);
  if (word !== undefined) {
    const literal = { text: word[0], isQuoted: false, at };
    return [{ kind: "value", literal, at }, word[0].length];
  }
  const quoted = matchAt(QUOTED, filter, at);
  if (quoted !== undefined) {
    const literal = { text: (quoted[1] ?? "").replaceAll(/\\(.)/g, "$1"), isQuoted: true, at };
    return [{ kind: "value", literal, at }, quoted[0].length];
  }
  throw filterInvalid(filter, at, problemWith(sign ?? ""));
}

function problemWith(sign: string): string {
  if (sign === '"') return 'this text has no end; close it with "';
  if (sign === "=") return 'one "=" compares nothing; write ==';
  if (sign === "&" || sign === ";") return `"${sign}" joins nothing here; write and`;
  if (sign === "|") return '"|" joins nothing here; write or';
  if (sign === "!") return '"!" says nothing alone; write not, or !=';
  return `"${sign}" can only stand in quotes`;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
