import { inCaseOf, wordAfter, wordBefore } from "./words.js";

/** What a text field holds; the selection in UTF-16 units, empty where `start` is `end`. */
export interface FieldState {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** An empty field. */
export const EMPTY_FIELD: FieldState = { text: "", start: 0, end: 0 };

const TAKES_BACK_SPACE = /^[.,!?;:)]$/;

/** Longest grapheme looked for before the caret: flags and families of emoji are shorter. */
const MAX_GRAPHEME_UNITS = 64;

/** What stands before the caret, or before the selection. */
export function beforeCaret(field: FieldState): string {
  return field.text.slice(0, field.start);
}

/** The field after `inserted` took the place of the selection; the caret stands behind it. */
export function insertText(field: FieldState, inserted: string): FieldState {
  return replace(field, field.start, inserted);
}

/**
 * The field after a suggestion took the place of the word at the caret.
 *
 * One space follows it; a space that already stands there is stepped over, not doubled.
 */
export function takeWord(field: FieldState, word: string): FieldState {
  const before = beforeCaret(field);
  const unfinished = wordBefore(before);
  const rest = unfinished === "" ? "" : wordAfter(field.text.slice(field.end));
  const whole = { ...field, end: field.end + rest.length };
  const written = inCaseOf(word, before);
  const hasSpace = field.text[whole.end] === " ";
  const taken = replace(whole, field.start - unfinished.length, hasSpace ? written : `${written} `);
  return hasSpace ? { ...taken, start: taken.start + 1, end: taken.end + 1 } : taken;
}

/** As `insertText`, but punctuation takes back the space that a suggestion left behind itself. */
export function insertAfterSuggestion(field: FieldState, inserted: string): FieldState {
  const isBehindSpace = field.start === field.end && field.text[field.start - 1] === " ";
  if (!isBehindSpace || !TAKES_BACK_SPACE.test(inserted)) return insertText(field, inserted);
  return replace(field, field.start - 1, inserted);
}

/** The field without its selection, or without the one character that a person sees before the caret. */
export function deleteBackwards(field: FieldState): FieldState {
  if (field.start !== field.end) return insertText(field, "");
  const tail = field.text.slice(Math.max(0, field.start - MAX_GRAPHEME_UNITS), field.start);
  return replace(field, field.start - (charactersOf(tail).at(-1)?.length ?? 0), "");
}

/** As a person sees them; code points in browsers that cannot tell, as Firefox before 125. */
function charactersOf(text: string): readonly string[] {
  const { Segmenter } = Intl as { readonly Segmenter?: typeof Intl.Segmenter };
  if (Segmenter === undefined) return [...text];
  return [...new Segmenter("en", { granularity: "grapheme" }).segment(text)].map(({ segment }) => segment);
}

function replace(field: FieldState, from: number, inserted: string): FieldState {
  const caret = from + inserted.length;
  return {
    text: field.text.slice(0, from) + inserted + field.text.slice(field.end),
    start: caret,
    end: caret,
  };
}
