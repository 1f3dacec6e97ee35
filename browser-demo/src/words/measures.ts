import { UNKNOWN, type Vocabulary } from "./vocabulary.js";
import { wordsOf } from "./tokens.js";

/** Scores every id for the word that follows these. */
export type WordScores = (words: readonly string[]) => ArrayLike<number>;

/** How good suggestions are, as Hard et al. 2018 (section 4.1) measure it. */
export interface SuggestionQuality {
  /** Words that were to be suggested, those that the vocabulary has not got included. */
  readonly numWords: number;
  /** Fraction of them that was the first suggestion. */
  readonly top1Recall: number;
  /** Fraction of them that was among three. */
  readonly top3Recall: number;
  /** Fraction of the characters that nobody had to type: a word among three is taken with one tap, and its space with it. */
  readonly keystrokesSaved: number;
}

/** Measures the suggestions on sentences that the model was not trained on. */
export function measureSuggestions(
  scoresOf: WordScores,
  sentences: readonly string[],
  vocabulary: Vocabulary,
): SuggestionQuality {
  const sums = { numWords: 0, top1: 0, top3: 0, typed: 0, keystrokes: 0 };
  for (const sentence of sentences) {
    const words = wordsOf(sentence);
    words.forEach((word, at) => {
      const scores = scoresOf(words.slice(0, at));
      const rank = rankOf(vocabulary.idOf(word), scores, vocabulary);
      sums.numWords += 1;
      sums.top1 += rank === 0 ? 1 : 0;
      sums.top3 += rank < 3 ? 1 : 0;
      sums.typed += word.length + 1;
      sums.keystrokes += keystrokesFor(word, scores, vocabulary);
    });
  }
  const { numWords, top1, top3, typed, keystrokes } = sums;
  return {
    numWords,
    top1Recall: top1 / numWords,
    top3Recall: top3 / numWords,
    keystrokesSaved: 1 - keystrokes / typed,
  };
}

/** How many words score better; a word that the vocabulary has not got is never suggested. */
function rankOf(target: number, scores: ArrayLike<number>, vocabulary: Vocabulary): number {
  if (target === UNKNOWN) return Number.POSITIVE_INFINITY;
  return numBetter(target, scores, vocabulary, "");
}

/** Of equal scores the smaller id, which is the more frequent word, is suggested first. */
function numBetter(
  target: number,
  scores: ArrayLike<number>,
  vocabulary: Vocabulary,
  prefix: string,
): number {
  const own = scores[target] ?? 0;
  let better = 0;
  for (let id = UNKNOWN + 1; id < vocabulary.size; id += 1) {
    const score = scores[id] ?? 0;
    const isBetter = score > own || (score === own && id < target);
    if (isBetter && (prefix === "" || vocabulary.wordOf(id)?.startsWith(prefix) === true)) better += 1;
  }
  return better;
}

/** Letters until the word is among three that begin so, and a tap; all of it and a space when it never is. */
function keystrokesFor(word: string, scores: ArrayLike<number>, vocabulary: Vocabulary): number {
  const target = vocabulary.idOf(word);
  if (target === UNKNOWN) return word.length + 1;
  for (let letters = 0; letters < word.length; letters += 1) {
    if (numBetter(target, scores, vocabulary, word.slice(0, letters)) < 3) return letters + 1;
  }
  return word.length + 1;
}
