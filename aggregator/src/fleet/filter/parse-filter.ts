import {
  MAX_FILTER_DEPTH,
  MAX_FILTER_LENGTH,
  filterInvalid,
  type FilterNode,
  type Literal,
} from "./filter-syntax.js";
import { filterTokens, type Token } from "./filter-tokens.js";

/**
 * The filter as a tree. `or` joins what `and` joins what `not` turns round; brackets first:
 *
 *     filter = all { "or" all }
 *     all    = term { "and" term }
 *     term   = "not" term | "(" filter ")" | field comparator value | field [ "not" ] "in" "(" value { "," value } ")"
 *
 * Throws FILTER_INVALID with the place of the first mistake.
 */
export function parseFilter(filter: string): FilterNode {
  if (filter.length > MAX_FILTER_LENGTH) {
    const problem = `a filter has at most ${MAX_FILTER_LENGTH} characters; this one has ${filter.length}`;
    throw filterInvalid(filter, MAX_FILTER_LENGTH, problem);
  }
  return new FilterParser(filter).parse();
}

type Joint = "and" | "or";

class FilterParser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(private readonly filter: string) {
    this.#tokens = filterTokens(filter);
  }

  parse(): FilterNode {
    const node = this.#joined("or", 0);
    if (this.#token.kind !== "end") throw this.#expected("and, or, or the end");
    return node;
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #joined(joint: Joint, depth: number): FilterNode {
    const term = (): FilterNode => (joint === "or" ? this.#joined("and", depth) : this.#term(depth));
    const first = term();
    const terms = [first];
    while (this.#takeWord(joint)) terms.push(term());
    return terms.length === 1 ? first : { kind: joint, terms };
  }

  #term(depth: number): FilterNode {
    if (depth >= MAX_FILTER_DEPTH)
      throw filterInvalid(this.filter, this.#token.at, `at most ${MAX_FILTER_DEPTH} brackets in each other`);
    if (this.#takeWord("not")) return { kind: "not", term: this.#term(depth + 1) };
    if (this.#take("(")) {
      const inner = this.#joined("or", depth + 1);
      if (!this.#take(")")) throw this.#expected("and, or, or )");
      return inner;
    }
    return this.#comparison(this.#value("a field, not, or ("));
  }

  #comparison(field: Literal): FilterNode {
    if (this.#takeWord("not")) return { kind: "not", term: this.#list(field) };
    const token = this.#token;
    if (token.kind !== "comparator") return this.#list(field);
    this.#next += 1;
    return { kind: "compare", field, comparator: token.comparator, value: this.#value("a value") };
  }

  #list(field: Literal): FilterNode {
    if (!this.#takeWord("in")) throw this.#expected("==, !=, <, <=, >, >= or in");
    if (!this.#take("(")) throw this.#expected("( and the values");
    const values = [this.#value("a value")];
    while (this.#take(",")) values.push(this.#value("a value"));
    if (!this.#take(")")) throw this.#expected("a comma, or )");
    return { kind: "in", field, values };
  }

  #value(what: string): Literal {
    const token = this.#token;
    if (token.kind !== "value") throw this.#expected(what);
    this.#next += 1;
    return token.literal;
  }

  #take(kind: "(" | ")" | ","): boolean {
    const isThere = this.#token.kind === kind;
    if (isThere) this.#next += 1;
    return isThere;
  }

  #takeWord(word: Joint | "not" | "in"): boolean {
    const token = this.#token;
    const isThere = token.kind === "value" && !token.literal.isQuoted && token.literal.text === word;
    if (isThere) this.#next += 1;
    return isThere;
  }

  #expected(what: string): Error {
    return filterInvalid(this.filter, this.#token.at, `${what} should stand here`);
  }
}
