import type { DriftOptions } from "../options.js";
import { encodeState, SavedState } from "./saved-state.js";
import type { StreamDetector, StreamState } from "./stream-detector.js";

export type DdmOptions = DriftOptions["ddm"];

/**
 * DDM, for a stream of errors (1) and right answers (0): with p the share of errors and s = root(p (1 - p) / n), it remembers the
 * p and s where p + s was least, and warns when p + s is above p_min + 2 s_min, drift above p_min + 3 s_min. After a drift it begins
 * anew. A hint only: it can fire right after its warm-up when that was quiet.
 *
 * The statistic is (p + s - p_min) / s_min, 0 while learning. Source: J. Gama et al., SBIA 2004, as in River.
 */
export class Ddm implements StreamDetector {
  readonly method = "ddm";
  statistic = 0;
  private numValues = 0;
  private share = 0;
  private leastShare = Number.POSITIVE_INFINITY;
  private leastDeviation = Number.POSITIVE_INFINITY;
  private last: StreamState = "learning";

  constructor(private readonly options: DdmOptions) {}

  /** Takes 0 or 1; any other value changes nothing. */
  update(value: number): StreamState {
    if (value !== 0 && value !== 1) return this.last;
    if (this.last === "drift") this.reset();
    this.numValues += 1;
    this.share += (value - this.share) / this.numValues;
    this.last = this.numValues > this.options.warmUpRows ? this.look() : "learning";
    return this.last;
  }

  save(): Uint8Array<ArrayBuffer> {
    const { warmUpRows, warningSigmas, driftSigmas } = this.options;
    return encodeState("ddm", [
      ...[warmUpRows, warningSigmas, driftSigmas, this.statistic, this.numValues, this.share],
      ...[this.leastShare, this.leastDeviation, STATES.indexOf(this.last)],
    ]);
  }

  /** A detector that goes on where another was saved. Throws DATA_CORRUPT. */
  static restore(bytes: Uint8Array): Ddm {
    const saved = new SavedState("ddm", bytes);
    const detector = new Ddm({
      warmUpRows: saved.whole(1, Number.MAX_SAFE_INTEGER),
      warningSigmas: saved.number(Number.MIN_VALUE),
      driftSigmas: saved.number(Number.MIN_VALUE),
    });
    detector.statistic = saved.number();
    detector.numValues = saved.whole(0, Number.MAX_SAFE_INTEGER);
    detector.share = saved.number(0, 1);
    detector.leastShare = saved.number(0);
    detector.leastDeviation = saved.number(0);
    detector.last = STATES[saved.whole(0, STATES.length - 1)] as StreamState;
    saved.end();
    return detector;
  }

  private look(): StreamState {
    const { warningSigmas, driftSigmas } = this.options;
    const deviation = Math.sqrt((this.share * (1 - this.share)) / this.numValues);
    const level = this.share + deviation;
    if (level <= this.leastShare + this.leastDeviation) {
      this.leastShare = this.share;
      this.leastDeviation = deviation;
    }
    const gap = level - this.leastShare;
    this.statistic = this.leastDeviation === 0 ? 0 : gap / this.leastDeviation;
    if (level > this.leastShare + driftSigmas * this.leastDeviation) return "drift";
    return level > this.leastShare + warningSigmas * this.leastDeviation ? "warning" : "ok";
  }

  private reset(): void {
    this.statistic = 0;
    this.numValues = 0;
    this.share = 0;
    this.leastShare = Number.POSITIVE_INFINITY;
    this.leastDeviation = Number.POSITIVE_INFINITY;
    this.last = "learning";
  }
}

const STATES: readonly StreamState[] = ["learning", "ok", "warning", "drift"];
