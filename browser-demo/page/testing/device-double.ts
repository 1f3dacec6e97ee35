import type { PageClock } from "../clock.js";
import type { KeyboardDevice, KeyboardStatus, Suggestion } from "../keyboard-device.js";
import { wordBefore } from "../text/words.js";

const TEXT =
  "see you soon . see you tomorrow . see you at the station . thank you very much . thank you for the call . " +
  "good morning . good night . how are you today . how are things . the train is late . the weather is nice . " +
  "I am on my way . I will be there soon . I will call you tomorrow . hello there . hello and good morning . ";

const TRAINING_MS = 1500;
const SENDING_MS = 700;
const MODEL_BYTES = 48_000;

/** A device whose model counts which word follows which: the same text, the same suggestions. */
export class DeviceDouble implements KeyboardDevice {
  /** What the page told, oldest first. */
  readonly told: { readonly what: "taken" | "passed over" | "finished"; readonly text: string }[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #log: string[] = [];
  #status: KeyboardStatus;
  #words = wordsOf(TEXT);
  #numPredictions = 0;

  constructor(private readonly clock: PageClock) {
    this.#status = freshStatus(clock.nowMs());
  }

  suggest(before: string): Promise<readonly Suggestion[]> {
    const unfinished = wordBefore(before).toLowerCase();
    const previous = wordsOf(before.slice(0, before.length - unfinished.length)).at(-1) ?? ".";
    const following = this.#words.filter((_, at) => (this.#words[at - 1] ?? ".") === previous);
    const words = byCount(following).concat(unfinished === "" ? [] : byCount(this.#words));
    const fitting = [...new Set(words)].filter(
      (word) => /\w/.test(word) && word.toLowerCase().startsWith(unfinished),
    );
    this.#numPredictions += 1;
    const predictionId = `prediction-${this.#numPredictions}`;
    return Promise.resolve(fitting.slice(0, 3).map((word) => ({ word, predictionId })));
  }

  chosen(suggestion: Suggestion, accepted: boolean): void {
    this.told.push({ what: accepted ? "taken" : "passed over", text: suggestion.word });
  }

  finished(sentence: string): Promise<void> {
    this.told.push({ what: "finished", text: sentence });
    this.#log.push(sentence);
    const { numRows, sizeBytes } = this.#status.log;
    this.change({ log: { numRows: numRows + 1, sizeBytes: sizeBytes + sentence.length } });
    return Promise.resolve();
  }

  status(): KeyboardStatus {
    return this.#status;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes the status another one, as a real device would by itself. */
  change(changed: Partial<KeyboardStatus>): void {
    this.#status = { ...this.#status, ...changed };
    for (const listener of this.#listeners) listener();
  }

  setConsent(consent: KeyboardStatus["consent"]): Promise<void> {
    this.change({ consent });
    return Promise.resolve();
  }

  trainNow(): Promise<void> {
    if (this.#log.length === 0) return Promise.reject(new Error("there is nothing in the log to learn from"));
    this.#showPhase("training");
    this.clock.after(TRAINING_MS, () => this.#showPhase("sending"));
    this.clock.after(TRAINING_MS + SENDING_MS, () => this.#trained());
    return Promise.resolve();
  }

  forget(): Promise<void> {
    this.#log.length = 0;
    this.told.length = 0;
    this.#words = wordsOf(TEXT);
    this.change(freshStatus(this.clock.nowMs()));
    return Promise.resolve();
  }

  #showPhase(phase: KeyboardStatus["training"]["phase"]): void {
    this.change({ training: { ...this.#status.training, phase } });
  }

  #trained(): void {
    const atMs = this.clock.nowMs();
    const version = (this.#status.model?.version ?? 0) + 1;
    const lossBefore = 5 / version;
    const last = { atMs, numExamples: this.#log.length, lossBefore, lossAfter: 0.8 * lossBefore };
    // Learned five times over, so that one sentence already counts for more than the sample text.
    this.#words = wordsOf(TEXT + `${this.#log.join(" . ")} . `.repeat(5));
    this.change({
      model: { name: "next-word", version, sinceMs: atMs },
      training: { phase: "idle", last: { ...last, sentBytes: MODEL_BYTES } },
      sent: [...this.#status.sent, { atMs, what: "update of the model", sizeBytes: MODEL_BYTES }],
      bytesUp: this.#status.bytesUp + MODEL_BYTES,
    });
  }
}

function freshStatus(nowMs: number): KeyboardStatus {
  return {
    model: { name: "next-word", version: 1, sinceMs: nowMs },
    engine: "counting",
    connection: "online",
    role: "leader",
    log: { numRows: 0, sizeBytes: 0 },
    eligibility: { isEligible: true, reasons: [] },
    training: { phase: "idle", last: null },
    sent: [],
    bytesUp: 0,
    consent: { training: false, reporting: false },
    problem: null,
  };
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}'’]+|[.!?]/gu) ?? [];
}

function byCount(words: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one).map(([word]) => word);
}
