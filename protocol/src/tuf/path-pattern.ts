/**
 * Whether a target path matches a pattern of a delegation: `*` is any number of characters and `?` one, never a `/`.
 * Everything else stands for itself. The time is bounded by the product of the lengths.
 */
export function matchesPath(pattern: string, path: string): boolean {
  const [patterns, parts] = [pattern.split("/"), path.split("/")];
  return patterns.length === parts.length && patterns.every((part, at) => matchesPart(part, parts[at] ?? ""));
}

/** Goes back to the last star only: what an earlier one took need never be taken otherwise. */
function matchesPart(pattern: string, text: string): boolean {
  let [at, star, resume] = [0, -1, 0];
  for (let position = 0; position < text.length;) {
    if (pattern[at] === "*") {
      [star, resume] = [at, position];
      at += 1;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[position])) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      resume += 1;
      [at, position] = [star + 1, resume];
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
