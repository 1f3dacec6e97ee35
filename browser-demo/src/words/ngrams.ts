import { SENTENCE_START, type Vocabulary } from "./vocabulary.js";
import { wordsOf } from "./tokens.js";

/** What a shorter context is worth (Brants et al. 2007, "Large Language Models in Machine Translation", section 4). */
const BACKOFF = 0.4;
const ORDER = 3;

/** Trigrams with Stupid Backoff (Brants et al. 2007): the baseline that a learned model has to beat. */
export class NGramModel {
  /** Counts of the next id, by the ids before it. */
  readonly #counts = new Map<string, Map<number, number>>();

  constructor(
    sentences: readonly string[],
    private readonly vocabulary: Vocabulary,
  ) {
    for (const sentence of sentences) this.#learn(sentence);
  }

  /** A score for every id; they are not probabilities, and order words as those would. */
  scores(words: readonly string[]): Float64Array {
    const ids = this.#idsOf(words).slice(-(ORDER - 1));
    const scores = new Float64Array(this.vocabulary.size);
    const isScored = new Uint8Array(this.vocabulary.size);
    let weight = 1;
    for (let from = 0; from <= ids.length; from += 1) {
      const counts = this.#counts.get(ids.slice(from).join(" "));
      const total = sum(counts);
      for (const [id, count] of counts ?? []) {
        if (isScored[id] === 1) continue;
        isScored[id] = 1;
        scores[id] = (weight * count) / total;
      }
      weight *= BACKOFF;
    }
    return scores;
  }

  #learn(sentence: string): void {
    const ids = this.#idsOf(wordsOf(sentence));
    for (let at = 1; at < ids.length; at += 1) {
      for (let length = 0; length < ORDER; length += 1) {
        if (at - length < 0) break;
        const before = ids.slice(at - length, at).join(" ");
        const counts = this.#counts.get(before) ?? new Map<number, number>();
        const id = ids[at] as number;
        counts.set(id, (counts.get(id) ?? 0) + 1);
        this.#counts.set(before, counts);
      }
    }
  }

  #idsOf(words: readonly string[]): number[] {
    return [SENTENCE_START, ...words.map((word) => this.vocabulary.idOf(word))];
  }
}

function sum(counts: ReadonlyMap<number, number> | undefined): number {
  let total = 0;
  for (const count of counts?.values() ?? []) total += count;
  return total;
}
