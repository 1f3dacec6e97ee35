import { FedgeError } from "../errors.js";

/** Deeper nesting is nothing that metadata have; it would only exhaust the stack. */
const MAX_DEPTH = 32;

interface Dialect {
  readonly text: (value: string) => string;
  readonly number: (value: number) => string;
  readonly compare: (a: string, b: string) => number;
}

/** OLPC canonical JSON: only quotes and backslashes are escaped, and there are no fractions. */
const OLPC: Dialect = {
  text: (value) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`,
  number: (value) => {
    if (Number.isSafeInteger(value)) return String(value);
    throw malformed(`the number ${value}; only whole numbers can be signed`);
  },
  compare: compareCodePoints,
};

/** RFC 8785: JSON as ECMAScript writes it, names in the order of their UTF-16 units. */
const RFC_8785: Dialect = {
  text: (value) => JSON.stringify(value),
  number: (value) => {
    if (Number.isFinite(value)) return JSON.stringify(value);
    throw malformed(`the number ${value}`);
  },
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
};

/**
 * The bytes of a value that TUF signs and hashes (specification, section 4.2: OLPC canonical JSON).
 *
 * Throws METADATA_MALFORMED for fractions, for what is no JSON, and for more than 32 levels.
 */
export function canonicalJson(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(write(value, OLPC, 0));
}

/**
 * The bytes of a document with fractions that is signed: RFC 8785. Properties that are undefined are not there.
 *
 * Throws METADATA_MALFORMED for what is no JSON, and for more than 32 levels.
 */
export function canonicalDocument(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(write(value, RFC_8785, 0));
}

function write(value: unknown, dialect: Dialect, depth: number): string {
  if (depth > MAX_DEPTH) throw malformed(`more than ${MAX_DEPTH} levels`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return dialect.text(value);
  if (typeof value === "number") return dialect.number(value);
  if (Array.isArray(value)) {
    return `[${value.map((item: unknown) => write(item, dialect, depth + 1)).join(",")}]`;
  }
  if (typeof value !== "object") throw malformed(`a ${typeof value}, which is no JSON`);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => dialect.compare(a, b))
    .map(([name, field]) => `${dialect.text(name)}:${write(field, dialect, depth + 1)}`);
  return `{${fields.join(",")}}`;
}

/** The order of Python and Go; UTF-16 units order characters beyond U+FFFF before U+E000. */
function compareCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function malformed(found: string): FedgeError {
  return new FedgeError("METADATA_MALFORMED", `the document has ${found}`);
}
