/** So many contexts of the sentence that is being typed are remembered; older ones are asked for again. */
const MAX_CONTEXTS = 200;

/** One answer of the model: what it is called in the log, and the scores of all words. */
export interface ContextScores {
  readonly id: string | null;
  readonly scores: ArrayLike<number> | null;
}

/** The model's answers by context, so that each context is asked for once however often its next word is edited. */
export class TypedContexts {
  readonly #answers = new Map<string, Promise<ContextScores>>();

  constructor(private readonly ask: (words: readonly string[]) => Promise<ContextScores>) {}

  answerTo(words: readonly string[]): Promise<ContextScores> {
    const key = words.join(" ");
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.ask(words);
    this.#answers.set(key, answer);
    // What could not be answered now may be answered later.
    answer.then(
      ({ id }) => (id === null ? this.#drop(key, answer) : undefined),
      () => this.#drop(key, answer),
    );
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_CONTEXTS && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }

  /** Another version answers otherwise; a finished sentence is over. */
  clear(): void {
    this.#answers.clear();
  }

  #drop(key: string, answer: Promise<ContextScores>): void {
    if (this.#answers.get(key) === answer) this.#answers.delete(key);
  }
}
