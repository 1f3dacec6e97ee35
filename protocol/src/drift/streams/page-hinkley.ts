import type { DriftOptions } from "../options.js";
import { encodeState, SavedState } from "./saved-state.js";
import {
  AS_IT_IS,
  isUsable,
  type Standard,
  type StreamDetector,
  type StreamState,
} from "./stream-detector.js";

export type PageHinkleyOptions = DriftOptions["pageHinkley"];

/**
 * Page and Hinkley's cumulative sums in both directions: up = max(0, forgetting up + value - mean - delta), down likewise with the sign
 * turned, mean being that of all values since the beginning. A sum that reaches the threshold is a drift; then it begins anew.
 * Threshold and delta are in the unit of the values: give a `standard`, and they are in standard deviations.
 *
 * The statistic is the greater of the two sums. Source: E. S. Page 1954; upward as in River.
 */
export class PageHinkley implements StreamDetector {
  readonly method = "page-hinkley";
  private numValues = 0;
  private mean = 0;
  private up = 0;
  private down = 0;
  private hasDrifted = false;

  constructor(
    private readonly options: PageHinkleyOptions,
    private readonly standard: Standard = AS_IT_IS,
  ) {}

  get statistic(): number {
    return Math.max(this.up, this.down);
  }

  /** Which way the values went, as far as the sums say. */
  get direction(): "up" | "down" {
    return this.up >= this.down ? "up" : "down";
  }

  update(raw: number): StreamState {
    const value = (raw - this.standard.mean) / this.standard.deviation;
    if (!isUsable(value)) return this.state();
    if (this.hasDrifted) this.reset();
    const { delta, threshold, minRows, forgetting } = this.options;
    this.numValues += 1;
    this.mean += (value - this.mean) / this.numValues;
    const gap = value - this.mean;
    this.up = Math.max(0, forgetting * this.up + gap - delta);
    this.down = Math.max(0, forgetting * this.down - gap - delta);
    this.hasDrifted = this.numValues >= minRows && this.statistic >= threshold;
    return this.state();
  }

  save(): Uint8Array<ArrayBuffer> {
    const { delta, threshold, minRows, forgetting } = this.options;
    return encodeState("page-hinkley", [
      ...[delta, threshold, minRows, forgetting, this.standard.mean, this.standard.deviation],
      ...[this.numValues, this.mean, this.up, this.down, Number(this.hasDrifted)],
    ]);
  }

  /** A detector that goes on where another was saved. Throws DATA_CORRUPT. */
  static restore(bytes: Uint8Array): PageHinkley {
    const saved = new SavedState("page-hinkley", bytes);
    const options: PageHinkleyOptions = {
      delta: saved.number(0),
      threshold: saved.number(Number.MIN_VALUE),
      minRows: saved.whole(1, Number.MAX_SAFE_INTEGER),
      forgetting: saved.number(Number.MIN_VALUE, 1),
    };
    const detector = new PageHinkley(options, {
      mean: saved.number(),
      deviation: saved.number(Number.MIN_VALUE),
    });
    detector.numValues = saved.whole(0, Number.MAX_SAFE_INTEGER);
    detector.mean = saved.number();
    detector.up = saved.number(0);
    detector.down = saved.number(0);
    detector.hasDrifted = saved.whole(0, 1) === 1;
    saved.end();
    return detector;
  }

  private state(): StreamState {
    if (this.hasDrifted) return "drift";
    return this.numValues < this.options.minRows ? "learning" : "ok";
  }

  private reset(): void {
    this.numValues = 0;
    this.mean = 0;
    this.up = 0;
    this.down = 0;
    this.hasDrifted = false;
  }
}
