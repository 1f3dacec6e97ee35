import { errorCodeOf } from "@fedge/protocol";
import type { PersonalWords } from "@fedge/browser-demo/words";
import {
  DEMO_WORDS,
  LetterModel,
  UNKNOWN,
  Vocabulary,
  contextOf,
  rankSuggestions,
  sentenceBefore,
  wordsOf,
} from "@fedge/browser-demo/words";
import type { Device } from "@fedge/device-runtime";
import type { Suggestion } from "../keyboard-device.js";
import { TypedContexts, type ContextScores } from "./typed-contexts.js";

export const MODEL = "next-word";

const UNSCORED: ContextScores = { id: null, scores: null };
/** What a device says of what somebody erases: it closes first, and all hear a moment later that it is forgotten. */
const ERASED: ReadonlySet<unknown> = new Set(["PREDICTION_UNKNOWN", "CLOSED"]);

function unlessClosed(error: unknown): null {
  if (errorCodeOf(error) === "CLOSED") return null;
  throw error;
}

/** What is needed of a device. */
export type PredictingDevice = Pick<Device, "model" | "log" | "label">;

/** Suggests words, and labels each prediction with the word that was typed. */
export class KeyboardModel {
  readonly #vocabulary = new Vocabulary(DEMO_WORDS);
  readonly #letters = new LetterModel(DEMO_WORDS);
  readonly #contexts = new TypedContexts((words) => this.#predict(words));
  #numForgotten = 0;

  constructor(
    private readonly device: () => Promise<PredictingDevice>,
    readonly personal: PersonalWords,
  ) {}

  async suggest(before: string): Promise<readonly Suggestion[]> {
    const { words, partial } = splitAtCaret(before);
    const { id, scores } = await this.#contexts.answerTo(words);
    const { personal } = this;
    const parts = { vocabulary: this.#vocabulary, letters: this.#letters, personal };
    return rankSuggestions(parts, { scores, partial }).map((word) => ({ word, predictionId: id }));
  }

  async chosen({ word, predictionId }: Suggestion, isAccepted: boolean): Promise<void> {
    if (predictionId === null) return;
    // Which of the words is the device's own business: the log stays here.
    const note = isAccepted ? { action: "accepted", suggested: word } : { action: "typed instead" };
    await this.#unlessErased(async () => (await this.device()).log(predictionId, note));
  }

  /** Each word of the sentence becomes the truth of the prediction before it. */
  finished(sentence: string): Promise<void> {
    return this.#unlessErased(() => this.#label(sentence));
  }

  async #label(sentence: string): Promise<void> {
    const device = await this.device();
    const words = wordsOf(sentence);
    for (const [at, word] of words.entries()) {
      const truth = this.#vocabulary.idOf(word);
      if (truth === UNKNOWN) this.personal.note(word);
      const id = truth === UNKNOWN ? null : await this.#contexts.idOf(words.slice(0, at));
      if (id !== null) await device.label(id, truth);
    }
    this.#contexts.clear();
  }

  versionChanged(): void {
    this.#contexts.answersChanged();
  }

  /** What was predicted before is nobody's any more. */
  forgotten(): void {
    this.#numForgotten += 1;
    this.#contexts.clear();
  }

  /** Somebody erases while what was typed before is being noted: what is gone needs no truth. */
  async #unlessErased(note: () => Promise<void>): Promise<void> {
    const numForgotten = this.#numForgotten;
    try {
      await note();
    } catch (error) {
      if (!ERASED.has(errorCodeOf(error)) && numForgotten === this.#numForgotten) throw error;
    }
  }

  /** Without a model, or without a device at all, there are no scores, and the frequent words are suggested. */
  async #predict(words: readonly string[]): Promise<ContextScores> {
    const device = await this.device().catch(() => null);
    const model = device?.model(MODEL) ?? null;
    if (model === null || model.version === null) return UNSCORED;
    const asked = model.predict({ tokens: contextOf(words, this.#vocabulary) });
    const answer = await asked.catch(unlessClosed);
    if (answer === null) return UNSCORED;
    const { id, outputs } = answer;
    const scores = outputs["logits"]?.data;
    if (!(scores instanceof Float32Array) || scores.length !== this.#vocabulary.size)
      throw new Error("the model that came is not one of this keyboard's words");
    return { id, scores };
  }
}

/** The sentence's words before the one that is being typed, and that one as far as it goes. */
export function splitAtCaret(before: string): {
  readonly words: readonly string[];
  readonly partial: string;
} {
  const partial = /[\p{L}\p{M}\p{N}'’]*$/u.exec(before.slice(-64))?.[0] ?? "";
  return { words: sentenceBefore(before.slice(0, before.length - partial.length)), partial };
}
