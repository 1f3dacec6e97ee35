import type { LetterModel } from "./letters.js";
import type { PersonalWords } from "./personal-words.js";
import type { Vocabulary } from "./vocabulary.js";

export interface RankingParts {
  readonly vocabulary: Vocabulary;
  readonly personal: PersonalWords;
  readonly letters: LetterModel;
}

/** One or two letters begin too many words. */
const LETTERS_NEEDED = 3;

/**
 * The likeliest words for what stands before the caret, best first and at most `count`. `scores` are the model's, one
 * for each id (logits do); null where there is no model yet: then the vocabulary's order decides.
 *
 * Of a word that has begun only those that go on with it: words of the vocabulary by the model, then words that this
 * person has typed before, then what the letters suggest.
 */
export function rankSuggestions(
  { vocabulary, personal, letters }: RankingParts,
  asked: { readonly scores: ArrayLike<number> | null; readonly partial: string },
  count = 3,
): string[] {
  const { scores, partial } = asked;
  const begun = partial.toLowerCase().replaceAll("’", "'");
  const fitting = vocabulary.startingWith(begun).filter((word) => word !== begun);
  const known = scores === null ? fitting.slice(0, count) : best(fitting, scores, vocabulary, count);
  if (begun === "" || known.length >= count) return known;
  const guess = begun.length < LETTERS_NEEDED ? undefined : letters.complete(begun);
  return [
    ...new Set([...known, ...personal.startingWith(begun), ...(guess === undefined ? [] : [guess])]),
  ].slice(0, count);
}

function best(
  words: readonly string[],
  scores: ArrayLike<number>,
  vocabulary: Vocabulary,
  count: number,
): string[] {
  return words
    .map((word) => [word, scores[vocabulary.idOf(word)] ?? Number.NEGATIVE_INFINITY] as const)
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([word]) => word);
}
