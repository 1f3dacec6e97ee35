const WORDS: readonly (readonly [word: string, json: string])[] = [
  ["-Infinity", "-1e999"],
  ["Infinity", "1e999"],
  ["NaN", "null"],
];

/** Characters of a value that are looked at, its colon among them. */
const MOST_WRITTEN = 256;

/**
 * JSON with the words NaN, Infinity and -Infinity, as Python's `json` writes them: NaN is read as null, which is a missing value as
 * well. Throws SyntaxError.
 */
export function parseNumberedJson(text: string): unknown {
  return JSON.parse(text.includes("NaN") || text.includes("Infinity") ? withoutWords(text) : text);
}

/** Replaces the words outside of strings. */
function withoutWords(text: string): string {
  const parts: string[] = [];
  let from = 0;
  let at = 0;
  while (at < text.length) {
    if (text[at] === '"') at = endOfString(text, at);
    else {
      const found = WORDS.find(([word]) => text.startsWith(word, at));
      if (found === undefined) at += 1;
      else {
        parts.push(text.slice(from, at), found[1]);
        at += found[0].length;
        from = at;
      }
    }
  }
  parts.push(text.slice(from));
  return parts.join("");
}

/** The place after the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** How the last entry `key` of the outermost object is written, white space left out; undefined where there is none. Of text that is JSON. */
export function writtenValue(text: string, key: string): string | undefined {
  let depth = 0;
  let found: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if ("{[".includes(character)) depth += 1;
    else if ("}]".includes(character)) depth -= 1;
    else if (character === '"') {
      const end = endOfString(text, at);
      const value = depth === 1 ? /^\s*:\s*([^\s,{}[\]]*)/.exec(text.slice(end, end + MOST_WRITTEN)) : null;
      if (value !== null && JSON.parse(text.slice(at, end)) === key) found = value[1];
      at = end - 1;
    }
  }
  return found;
}

/** The value with numbers that JSON cannot write spelled as texts, at any depth. */
export function withSpelledNumbers(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(withSpelledNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withSpelledNumbers(item)]));
}
