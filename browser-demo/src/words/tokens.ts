import { PADDING, SENTENCE_START, UNKNOWN, type Vocabulary } from "./vocabulary.js";

/** Words before the one that is predicted; the model's second axis. */
export const CONTEXT_WORDS = 10;

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*/gu;

/** The words of a text, lower case, with straight apostrophes; everything else only separates them. */
export function wordsOf(text: string): string[] {
  return Array.from(text.toLowerCase().matchAll(WORD), ([word]) => word.replaceAll("’", "'"));
}

/** The words of the sentence that stands before the caret; what ended before a full stop says nothing of the next. */
export function sentenceBefore(before: string): string[] {
  const [last = ""] = before.split(/[.!?…\n]+/u).slice(-1);
  return wordsOf(last);
}

/** Ids of the last ten words, padded in front; a sentence that is shorter begins with its start. */
export function contextOf(words: readonly string[], vocabulary: Vocabulary): number[] {
  const ids = [SENTENCE_START, ...words.map((word) => vocabulary.idOf(word))].slice(-CONTEXT_WORDS);
  return [...Array<number>(CONTEXT_WORDS - ids.length).fill(PADDING), ...ids];
}

/** What a next-word model is trained on. */
export interface WordExamples {
  readonly numExamples: number;
  /** [numExamples, 10], row by row. */
  readonly contexts: BigInt64Array<ArrayBuffer>;
  /** The next word of each; never unknown. */
  readonly targets: BigInt64Array<ArrayBuffer>;
}

/** An example for each word of the sentences that the vocabulary has. */
export function examplesOf(sentences: readonly string[], vocabulary: Vocabulary): WordExamples {
  const contexts: bigint[] = [];
  const targets: bigint[] = [];
  for (const sentence of sentences) {
    const words = wordsOf(sentence);
    words.forEach((word, at) => {
      const target = vocabulary.idOf(word);
      if (target === UNKNOWN) return;
      contexts.push(...contextOf(words.slice(0, at), vocabulary).map(BigInt));
      targets.push(BigInt(target));
    });
  }
  return {
    numExamples: targets.length,
    contexts: BigInt64Array.from(contexts),
    targets: BigInt64Array.from(targets),
  };
}
