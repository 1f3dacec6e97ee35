/**
 * True when `pattern` describes all of `name`: `*` stands for any characters, `?` for exactly one.
 *
 * Runs in O(length of name * length of pattern): only the last `*` is ever retried.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  let [at, from] = [0, 0];
  let star = -1;
  let retry = 0;
  while (at < name.length) {
    const wanted = pattern[from];
    if (wanted === "*") {
      star = from++;
      retry = at;
    } else if (wanted !== undefined && (wanted === "?" || wanted === name[at])) {
      [at, from] = [at + 1, from + 1];
    } else if (star >= 0) {
      from = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (pattern[from] === "*") from++;
  return from === pattern.length;
}
