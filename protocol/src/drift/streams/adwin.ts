import type { DriftOptions } from "../options.js";
import { BucketRows } from "./bucket-rows.js";
import { encodeState, SavedState } from "./saved-state.js";
import {
  AS_IT_IS,
  isUsable,
  type Standard,
  type StreamDetector,
  type StreamState,
} from "./stream-detector.js";

export type AdwinOptions = DriftOptions["adwin"];

/**
 * ADWIN: a window of the newest values that is cut wherever the means of its two parts differ by more than Hoeffding's and Bernstein's bound allow.
 * It looks every `clock` values, at every boundary of its buckets, the last included (River left the last bucket of each
 * row out until its pull request 1613; frouros and scikit-multiflow still do). After a drift it begins anew.
 *
 * The statistic is the difference of the means at the cut that was found, 0 without one.
 * Source: A. Bifet, R. Gavaldà, SDM 2007; River 0.22.
 */
export class Adwin implements StreamDetector {
  readonly method = "adwin";
  statistic = 0;
  private readonly buckets: BucketRows;
  private tick = 0;
  private hasDrifted = false;

  constructor(
    private readonly options: AdwinOptions,
    private readonly standard: Standard = AS_IT_IS,
  ) {
    this.buckets = new BucketRows(options.maxBuckets);
  }

  /** Values in the window, and their mean. */
  get width(): number {
    return this.buckets.width;
  }

  get mean(): number {
    return this.buckets.width === 0 ? 0 : this.buckets.total / this.buckets.width;
  }

  update(raw: number): StreamState {
    const value = (raw - this.standard.mean) / this.standard.deviation;
    if (!isUsable(value)) return this.state();
    if (this.hasDrifted) this.reset();
    this.buckets.add(value);
    this.tick += 1;
    this.statistic = 0;
    const isDue = this.tick % this.options.clock === 0 && this.buckets.width > this.options.graceRows;
    if (isDue) while (this.cutOnce()) this.hasDrifted = true;
    return this.state();
  }

  save(): Uint8Array<ArrayBuffer> {
    const { delta, clock, graceRows, minWindowRows, maxBuckets } = this.options;
    const numbers = [delta, clock, graceRows, minWindowRows, maxBuckets];
    numbers.push(this.standard.mean, this.standard.deviation);
    numbers.push(this.tick, Number(this.hasDrifted), this.statistic);
    this.buckets.save(numbers);
    return encodeState("adwin", numbers);
  }

  /** A detector that goes on where another was saved. Throws DATA_CORRUPT. */
  static restore(bytes: Uint8Array): Adwin {
    const saved = new SavedState("adwin", bytes);
    const options: AdwinOptions = {
      delta: saved.number(Number.MIN_VALUE, 1),
      clock: saved.whole(1, Number.MAX_SAFE_INTEGER),
      graceRows: saved.whole(1, Number.MAX_SAFE_INTEGER),
      minWindowRows: saved.whole(1, Number.MAX_SAFE_INTEGER),
      maxBuckets: saved.whole(2, 100),
    };
    const adwin = new Adwin(options, {
      mean: saved.number(),
      deviation: saved.number(Number.MIN_VALUE),
    });
    adwin.tick = saved.whole(0, Number.MAX_SAFE_INTEGER);
    adwin.hasDrifted = saved.whole(0, 1) === 1;
    adwin.statistic = saved.number();
    adwin.buckets.restore(saved);
    saved.end();
    return adwin;
  }

  private state(): StreamState {
    if (this.hasDrifted) return "drift";
    return this.buckets.width <= this.options.graceRows ? "learning" : "ok";
  }

  private reset(): void {
    this.buckets.clear();
    this.tick = 0;
    this.hasDrifted = false;
  }

  /** Drops the oldest bucket if the window differs on the two sides of some cut. */
  private cutOnce(): boolean {
    const { buckets, options } = this;
    let oldWidth = 0;
    let oldTotal = 0;
    for (let row = buckets.numRows - 1; row >= 0; row -= 1) {
      for (let bucket = 0; bucket < buckets.size(row); bucket += 1) {
        oldWidth += 2 ** row;
        oldTotal += buckets.sum(row, bucket);
        const newWidth = buckets.width - oldWidth;
        if (newWidth < options.minWindowRows) return false;
        if (oldWidth < options.minWindowRows) continue;
        const difference = oldTotal / oldWidth - (buckets.total - oldTotal) / newWidth;
        if (Math.abs(difference) <= this.bound(oldWidth, newWidth)) continue;
        this.statistic = difference;
        buckets.dropOldest();
        return true;
      }
    }
    return false;
  }

  private bound(oldWidth: number, newWidth: number): number {
    const { delta, minWindowRows } = this.options;
    const { width, spread } = this.buckets;
    const confidence = Math.log((2 * Math.log(width)) / delta);
    const reciprocal = 1 / (oldWidth - minWindowRows + 1) + 1 / (newWidth - minWindowRows + 1);
    const variance = spread / width;
    return Math.sqrt(2 * reciprocal * variance * confidence) + (2 / 3) * confidence * reciprocal;
  }
}
