const MAX_WORDS = 2000;
const MAX_LENGTH = 40;

/** Words that this device's person types and the model does not know, with how often. They stay on the device. */
export class PersonalWords {
  readonly #counts: Map<string, number>;

  /** `counts` as `entries` gave them. */
  constructor(counts: Iterable<readonly [string, number]> = []) {
    this.#counts = new Map(counts);
  }

  /** The rarest goes when there are too many. */
  note(word: string): void {
    if (word.length > MAX_LENGTH) return;
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
    if (this.#counts.size <= MAX_WORDS) return;
    const [rarest] = [...this.#counts].filter(([other]) => other !== word).sort(([, a], [, b]) => a - b);
    if (rarest !== undefined) this.#counts.delete(rarest[0]);
  }

  /** Those that begin so and go on, most frequent first. */
  startingWith(prefix: string): readonly string[] {
    return [...this.#counts]
      .filter(([word]) => word.startsWith(prefix) && word !== prefix)
      .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1))
      .map(([word]) => word);
  }

  entries(): readonly (readonly [string, number])[] {
    return [...this.#counts];
  }

  clear(): void {
    this.#counts.clear();
  }
}
