/** Mean loss of the first and of the last tenth of the steps: a single batch of ten examples says little. */
export class LossTrack {
  readonly #window: number;
  readonly #last: Float64Array;
  #firstSum = 0;
  #numSteps = 0;

  constructor(numExpectedSteps: number) {
    this.#window = Math.max(1, Math.floor(numExpectedSteps / 10));
    this.#last = new Float64Array(this.#window);
  }

  get numSteps(): number {
    return this.#numSteps;
  }

  add(loss: number): void {
    if (this.#numSteps < this.#window) this.#firstSum += loss;
    this.#last[this.#numSteps % this.#window] = loss;
    this.#numSteps += 1;
  }

  /** Null for losses that are no finite numbers, and when there were fewer steps than a tenth. */
  firstAndLast(): { readonly lossFirst: number | null; readonly lossLast: number | null } {
    if (this.#numSteps < this.#window) return { lossFirst: null, lossLast: null };
    const lastSum = this.#last.reduce((sum, loss) => sum + loss, 0);
    return { lossFirst: finite(this.#firstSum / this.#window), lossLast: finite(lastSum / this.#window) };
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
