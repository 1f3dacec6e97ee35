/**
 * Words for a keyboard: vocabulary, contexts, ranking and measures.
 *
 * @module @fedge/browser-demo/words
 */
export { DEMO_WORDS } from "./demo-words.js";
export { LetterModel } from "./letters.js";
export { measureSuggestions, type SuggestionQuality, type WordScores } from "./measures.js";
export { NGramModel } from "./ngrams.js";
export { PersonalWords } from "./personal-words.js";
export { rankSuggestions, type RankingParts } from "./ranking.js";
export {
  CONTEXT_WORDS,
  contextOf,
  examplesOf,
  sentenceBefore,
  wordsOf,
  type WordExamples,
} from "./tokens.js";
export { PADDING, SENTENCE_START, UNKNOWN, Vocabulary } from "./vocabulary.js";
