/** The last so many of a version's times, for their percentiles. */
const SIZE = 256;

/** Times of the last predictions, exact, in memory. */
export class LatencyWindow {
  readonly #times = new Float64Array(SIZE);
  #numAll = 0;

  add(elapsedUs: number): void {
    this.#times[this.#numAll % SIZE] = elapsedUs;
    this.#numAll += 1;
  }

  /** The smallest time that at least 95 % of the last ones do not exceed; null for fewer than `atLeast`. */
  p95(atLeast: number): number | null {
    const num = Math.min(this.#numAll, SIZE);
    if (num < atLeast || num === 0) return null;
    const sorted = this.#times.slice(0, num).sort();
    return sorted[Math.ceil(num * 0.95) - 1] ?? null;
  }

  /** The smallest of the last times; null for fewer than `atLeast`. */
  fastest(atLeast: number): number | null {
    const num = Math.min(this.#numAll, SIZE);
    return num < atLeast || num === 0 ? null : Math.min(...this.#times.subarray(0, num));
  }
}
