const WORD_CHARACTER = /[\p{L}\p{M}\p{N}'’]/u;

/** Nobody types a longer word; the bound keeps every look at the caret short, whatever was pasted. */
const MAX_WORD_UNITS = 64;

/** Suggestions need a few words of context; more is not given away, however long the text. */
const MAX_CONTEXT_UNITS = 1000;

/** The unfinished word that ends at the caret; "" after a space, after punctuation, at the start. */
export function wordBefore(before: string): string {
  const lowest = Math.max(0, before.length - MAX_WORD_UNITS);
  let start = before.length;
  while (start > lowest) {
    const next = startOfCharacter(before, start);
    if (!WORD_CHARACTER.test(before.slice(next, start))) break;
    start = next;
  }
  return before.slice(start);
}

/** The rest of the word that the caret stands in; "" where none goes on behind it. */
export function wordAfter(after: string): string {
  return /^[\p{L}\p{M}\p{N}'’]*/u.exec(after.slice(0, MAX_WORD_UNITS))?.[0] ?? "";
}

/** The end of the text before the caret that suggestions are asked for; never half a character. */
export function contextBefore(before: string): string {
  if (before.length <= MAX_CONTEXT_UNITS) return before;
  const tail = before.slice(-MAX_CONTEXT_UNITS);
  return isLowSurrogate(tail, 0) ? tail.slice(1) : tail;
}

/** True where a new sentence begins: at the start, on a new line, after a full stop and a space. */
export function isSentenceStart(before: string): boolean {
  return /(^|[.!?…]["'”’)]*\s{1,8}|\n\s{0,8})$/u.test(before.slice(-24));
}

/** A word as it is to be written: with a capital where the sentence or the typed letters have one. */
export function inCaseOf(word: string, before: string): string {
  const typed = wordBefore(before);
  if (typed.length > 1 && typed === typed.toUpperCase() && typed !== typed.toLowerCase()) {
    return word.toUpperCase();
  }
  const first = typed === "" ? "" : [...typed][0];
  const isCapital = first === "" ? isSentenceStart(before) : first !== first?.toLowerCase();
  return isCapital ? capitalized(word) : word;
}

/** The word that the latest character finished, or null: one character more, and it is no letter. */
export function finishedWord(previousBefore: string, before: string): string | null {
  const added = before.slice(previousBefore.length);
  if (!before.startsWith(previousBefore) || [...added.slice(0, 4)].length !== 1) return null;
  if (added.length > 2 || WORD_CHARACTER.test(added)) return null;
  return wordBefore(previousBefore) || null;
}

/** Where the character that ends at `end` begins: a pair of surrogates is one. */
function startOfCharacter(text: string, end: number): number {
  return isLowSurrogate(text, end - 1) && end >= 2 ? end - 2 : end - 1;
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function capitalized(word: string): string {
  const [first = "", ...rest] = word;
  return first.toUpperCase() + rest.join("");
}
