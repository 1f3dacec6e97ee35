const WORDS: readonly (readonly [word: string, json: string])[] = [
  ["-Infinity", "-1e999"],
  ["Infinity", "1e999"],
  ["NaN", "null"],
];

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

/** The value with numbers that JSON cannot write spelled as texts, at any depth. */
export function withSpelledNumbers(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(withSpelledNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withSpelledNumbers(item)]));
}
