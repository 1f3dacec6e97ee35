/** So many contexts of the sentence that is being typed are remembered; older ones are asked for again. */
const MAX_CONTEXTS = 200;

/** One answer of the model: what it is called in the log, and the scores of all words. */
export interface ContextScores {
  readonly id: string | null;
  readonly scores: ArrayLike<number> | null;
}

/**
 * The model's answers by context, so that each context is asked for once however often its next word is edited; and
 * what the first answer to each is called, which is the prediction that a typed word is the truth of.
 */
export class TypedContexts {
  readonly #answers = new Map<string, Promise<ContextScores>>();
  readonly #ids = new Map<string, string>();

  constructor(private readonly ask: (words: readonly string[]) => Promise<ContextScores>) {}

  answerTo(words: readonly string[]): Promise<ContextScores> {
    const key = words.join(" ");
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.#ask(key, words);
    this.#answers.set(key, answer);
    trim(this.#answers);
    // What could not be answered now may be answered later.
    const drop = (): void => {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
    };
    answer.then(({ id }) => (id === null ? drop() : undefined), drop);
    return answer;
  }

  /** Of the prediction for what follows these words; null when there is no model yet. */
  async idOf(words: readonly string[]): Promise<string | null> {
    return this.#ids.get(words.join(" ")) ?? (await this.answerTo(words)).id;
  }

  /** Another version answers otherwise; what was predicted stays predicted. */
  answersChanged(): void {
    this.#answers.clear();
  }

  /** The sentence is over. */
  clear(): void {
    this.#answers.clear();
    this.#ids.clear();
  }

  async #ask(key: string, words: readonly string[]): Promise<ContextScores> {
    const answer = await this.ask(words);
    if (answer.id !== null && !this.#ids.has(key)) this.#ids.set(key, answer.id);
    trim(this.#ids);
    return answer;
  }
}

function trim(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (map.size > MAX_CONTEXTS && oldest !== undefined) map.delete(oldest);
}
