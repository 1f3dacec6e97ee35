import type { Random } from "@fedge/protocol";
import type { Clock } from "../ports/clock.js";

const TIME_DIGITS = 9;
const COUNT_DIGITS = 4;
const RADIX = 36;
const MAX_COUNT = RADIX ** COUNT_DIGITS - 1;
const FORM = /^[0-9a-z]{9}-[0-9a-z]{4}-[0-9a-z]{1,7}$/;

/**
 * Names for predictions that sort by the time they were made: milliseconds, a count within one, and what tells this
 * start of the device from others. A clock that is set back does not make a later name sort first.
 */
export class PredictionIds {
  readonly #start: string;
  /** The time of the last name, as it stands in it. */
  #lastDigits = "";
  #lastMs = 0;
  #count = 0;

  constructor(
    private readonly clock: Clock,
    random: Random,
  ) {
    this.#start = random.uint32().toString(RADIX);
  }

  /** Names that follow sort after this one. */
  after(id: string): void {
    this.#lastMs = Math.max(this.#lastMs, timeOfPrediction(id) + 1);
  }

  /** When the last prediction was named, UTC epoch milliseconds; its name says the same. */
  get lastMs(): number {
    return this.#lastMs;
  }

  next(): string {
    const nowMs = Math.max(this.clock.nowMs(), this.#lastMs);
    const lastMs = this.#lastMs;
    this.#count = nowMs === lastMs ? this.#count + 1 : 0;
    this.#lastMs = this.#count > MAX_COUNT ? nowMs + 1 : nowMs;
    if (this.#count > MAX_COUNT) this.#count = 0;
    if (this.#lastMs !== lastMs || this.#lastDigits === "")
      this.#lastDigits = digits(this.#lastMs, TIME_DIGITS);
    return `${this.#lastDigits}-${digits(this.#count, COUNT_DIGITS)}-${this.#start}`;
  }
}

/** UTC epoch milliseconds; 0 for a text that names no prediction. */
export function timeOfPrediction(id: string): number {
  return isPredictionId(id) ? Number.parseInt(id.slice(0, TIME_DIGITS), RADIX) : 0;
}

/** The smallest name that a prediction of that time or later can have. */
export function firstIdAt(timeMs: number): string {
  return digits(Math.max(0, Math.ceil(timeMs)), TIME_DIGITS);
}

/** Whether the text has the form of a prediction's name. */
export function isPredictionId(text: string): boolean {
  return FORM.test(text);
}

function digits(value: number, length: number): string {
  return value.toString(RADIX).padStart(length, "0");
}
