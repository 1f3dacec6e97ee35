const MAX_WORDS = 2000;
const MAX_LENGTH = 40;

/** Words that this device's person types and the model does not know, with how often. They stay on the device. */
export class PersonalWords {
  readonly #counts: Map<string, number>;
  /** Those noted since the words were last kept. */
  readonly #unkept = new Map<string, number>();

  /** `counts` as `entries` gave them. */
  constructor(counts: Iterable<readonly [string, number]> = []) {
    this.#counts = new Map(counts);
  }

  /** The rarest goes when there are too many. */
  note(word: string): void {
    if (word.length > MAX_LENGTH) return;
    this.#unkept.set(word, (this.#unkept.get(word) ?? 0) + 1);
    this.#count(word, 1);
  }

  /** Takes in what is kept, by another page perhaps; what was noted here since the last keeping counts on top of it. */
  takeIn(kept: Iterable<readonly [string, number]>): void {
    this.#counts.clear();
    for (const [word, count] of [...kept, ...this.#unkept]) this.#count(word, count);
  }

  /** Everything that was noted is kept now. */
  wereKept(): void {
    this.#unkept.clear();
  }

  #count(word: string, times: number): void {
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + times);
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
    this.#unkept.clear();
  }
}
