import { FedgeError } from "@fedge/protocol";

/** Stands where a context has no word. */
export const PADDING = 0;
/** Stands before the first word of a sentence. */
export const SENTENCE_START = 1;
/** Stands for a word that is not in the vocabulary; it is never suggested. */
export const UNKNOWN = 2;
/** Words come after these. */
const FIRST_WORD = 3;

/** The words that a model knows, by their ids. */
export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;

  /** `words` without the special ones, most frequent first. Throws OPTION_INVALID for one that comes twice. */
  constructor(private readonly words: readonly string[]) {
    this.#ids = new Map(words.map((word, at) => [word, FIRST_WORD + at]));
    if (this.#ids.size !== words.length) throw new FedgeError("OPTION_INVALID", "a word comes twice");
  }

  /** Ids that there are, the special ones included. */
  get size(): number {
    return FIRST_WORD + this.words.length;
  }

  idOf(word: string): number {
    return this.#ids.get(word) ?? UNKNOWN;
  }

  /** Undefined for a special id, and one that there is not. */
  wordOf(id: number): string | undefined {
    return id < FIRST_WORD ? undefined : this.words[id - FIRST_WORD];
  }

  /** Words that begin so, most frequent first. */
  startingWith(prefix: string): readonly string[] {
    return this.words.filter((word) => word.startsWith(prefix));
  }
}
