import { powerOfTwoNear } from "@fedge/protocol/drift";

/** In units: what is larger asks for another unit, so that no square leaves the range of a double. */
const MAX_SIZE = 2 ** 400;

/**
 * Mean and deviation of numbers that come one by one (Welford 1962), of 1e-300 or 1e300 as of 1: all is counted in a power
 * of two near the largest. The mean is held in two doubles, the second with what the first rounds away (Knuth's exact
 * sum): of 9e15 each step would lose up to 1.
 */
export class RunningMoments {
  #num = 0;
  /** 0 until a number is not 0. */
  #unit = 0;
  #mean = 0;
  #meanRest = 0;
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** A finite number. */
  add(value: number): void {
    this.#num += 1;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    if (value !== 0 && !(Math.abs(value) / this.#unit <= MAX_SIZE))
      this.#countIn(powerOfTwoNear(Math.abs(value)));
    const size = this.#unit === 0 ? 0 : value / this.#unit;
    const step = size - this.#mean - this.#meanRest;
    this.#moveMean(step / this.#num);
    this.#squares += step * (size - this.#mean - this.#meanRest);
  }

  get num(): number {
    return this.#num;
  }

  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  /** 0 of no numbers. */
  get mean(): number {
    // Rounding must not carry it past the greatest double.
    return this.#num === 0 ? 0 : Math.min(this.#max, Math.max(this.#min, this.#mean * this.#unit));
  }

  /** Of the population; 0 where it is too small to divide by. */
  get std(): number {
    if (this.#num === 0) return 0;
    const std = Math.min(Number.MAX_VALUE, Math.sqrt(this.#squares / this.#num) * this.#unit);
    return Number.isFinite(1 / std) ? std : 0;
  }

  #moveMean(by: number): void {
    const before = this.#mean;
    const rest = this.#meanRest + by;
    this.#mean = before + rest;
    const moved = this.#mean - before;
    this.#meanRest = before - (this.#mean - moved) + (rest - moved);
  }

  #countIn(unit: number): void {
    const share = this.#unit / unit;
    this.#mean *= share;
    this.#meanRest *= share;
    this.#squares *= share * share;
    this.#unit = unit;
  }
}
