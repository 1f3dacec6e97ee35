/** Letters before the one that is guessed. */
const ORDER = 3;
const END = "\n";
const MAX_LENGTH = 20;

/**
 * Guesses the rest of a word, letter by letter, from the letters before: what is left when no word fits. Learned from
 * words, each counted as often as it is given.
 */
export class LetterModel {
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(words: readonly string[]) {
    for (const word of words) this.#learn(word);
  }

  /** The likeliest word that begins so; undefined when no letter ever followed. Lower case. */
  complete(prefix: string): string | undefined {
    let word = prefix;
    while (word.length < MAX_LENGTH) {
      const next = this.#likeliest(word);
      if (next === undefined) return undefined;
      if (next === END) return word === prefix ? undefined : word;
      word += next;
    }
    return undefined;
  }

  #learn(word: string): void {
    for (let at = 1; at <= word.length; at += 1) {
      const next = word[at] ?? END;
      for (let order = 1; order <= ORDER; order += 1) {
        const before = word.slice(Math.max(0, at - order), at);
        const counts = this.#counts.get(before) ?? new Map<string, number>();
        counts.set(next, (counts.get(next) ?? 0) + 1);
        this.#counts.set(before, counts);
      }
    }
  }

  /** From the longest context that was seen; of equals the first letter of the alphabet. */
  #likeliest(word: string): string | undefined {
    for (let order = ORDER; order >= 1; order -= 1) {
      const counts = this.#counts.get(word.slice(-order));
      if (counts === undefined) continue;
      const [best] = [...counts].sort(
        ([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1),
      );
      return best?.[0];
    }
    return undefined;
  }
}
