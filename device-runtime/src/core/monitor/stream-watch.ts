import { Adwin, PageHinkley, decodeDriftOptions } from "@fedge/protocol/drift";
import { MOMENT_SCALE, SCORE_SCALE } from "@fedge/protocol/profile";
import { CELL, NO_SCORE, type RowBatch } from "./row-batch.js";
import type { WatchedFeature, WatchedProfile } from "./watched-feature.js";

/** Inputs that are followed value by value. */
const MOST_INPUTS = 5;
/** Times are followed as powers of two, up to this: 2^30 microseconds are 18 minutes. */
const MOST_DOUBLINGS = 30;
const { adwin: ADWIN, pageHinkley: PAGE_HINKLEY } = decodeDriftOptions({
  adwin: { delta: 0.002, clock: 8, graceRows: 32, minWindowRows: 5, maxBuckets: 5 },
  // In standard deviations. Values that do not change keep away from it for millions of rows; half a deviation takes some 130.
  pageHinkley: { delta: 0.125, threshold: 50, minRows: 30, forgetting: 1 },
});

type AdwinName = "score" | "latency" | "error";
const WORDS: Readonly<Record<AdwinName, string>> = {
  score: "the highest score changed",
  latency: "predictions take another time",
  error: "the share of errors changed",
};

/**
 * Follows score, latency, errors and the most important inputs value by value, whatever windows there are: a change in the
 * middle of a window shows, and so does a slow one.
 */
export class StreamWatch {
  #score = new Adwin(ADWIN);
  #latency = new Adwin(ADWIN);
  #error = new Adwin(ADWIN);
  readonly #inputs: { readonly place: number; readonly name: string; detector: PageHinkley }[];
  #noticed = new Set<string>();

  constructor(private readonly watched: WatchedProfile) {
    const inputs = watched.features.map(({ feature, momentsAt }, place) => ({ feature, momentsAt, place }));
    this.#inputs = inputs
      .filter(({ feature, momentsAt }) => feature.role === "input" && momentsAt >= 0)
      .sort((one, other) => other.feature.importance - one.feature.importance)
      .slice(0, MOST_INPUTS)
      .map(({ feature, place }) => ({ place, name: feature.name, detector: new PageHinkley(PAGE_HINKLEY) }));
  }

  /** Takes the rows of a prediction. */
  add(batch: RowBatch, latencyUs: number): void {
    if (this.#latency.update(Math.log2(1 + latencyUs) / MOST_DOUBLINGS) === "drift") this.#notice("latency");
    for (let row = 0; row < batch.numRows; row += 1) {
      const score = batch.scores[row] as number;
      if (score !== NO_SCORE && this.#score.update(score / SCORE_SCALE) === "drift") this.#notice("score");
      for (const { place, name, detector } of this.#inputs) this.#follow(batch, row, place, name, detector);
    }
  }

  /** Takes the truth of one row. */
  labelled(isRight: boolean): void {
    if (this.#error.update(isRight ? 0 : 1) === "drift") this.#notice("error");
  }

  /** What was noticed since the last time, in words. */
  takeNoticed(): string[] {
    const noticed = [...this.#noticed];
    this.#noticed = new Set();
    return noticed;
  }

  /** One versioned byte string for each stream, in a fixed order. */
  save(): Uint8Array[] {
    const named = new TextEncoder().encode(JSON.stringify([...this.#noticed]));
    const streams = [
      this.#score,
      this.#latency,
      this.#error,
      ...this.#inputs.map(({ detector }) => detector),
    ];
    return [named, ...streams.map((stream) => stream.save())];
  }

  /** Goes on where another was saved. Throws DATA_CORRUPT, or SyntaxError, and then begins anew. */
  restore([named, score, latency, error, ...inputs]: readonly Uint8Array[]): void {
    if (!named || !score || !latency || !error || inputs.length !== this.#inputs.length) return;
    const restored = [Adwin.restore(score), Adwin.restore(latency), Adwin.restore(error)] as const;
    const detectors = inputs.map((bytes) => PageHinkley.restore(bytes));
    const noticed: unknown = JSON.parse(new TextDecoder().decode(named));
    [this.#score, this.#latency, this.#error] = restored;
    this.#inputs.forEach((input, at) => (input.detector = detectors[at] as PageHinkley));
    if (Array.isArray(noticed)) this.#noticed = new Set(noticed.map(String));
  }

  #follow(batch: RowBatch, row: number, place: number, name: string, detector: PageHinkley): void {
    const at = row * batch.numFeatures + place;
    const { missingCell } = this.watched.features[place] as WatchedFeature;
    if (((batch.cells[at] as number) & CELL) >= missingCell) return;
    if (detector.update((batch.sums[at] as number) / MOMENT_SCALE) === "drift")
      this.#noticed.add(`${name} went ${detector.direction}`);
  }

  #notice(name: AdwinName): void {
    this.#noticed.add(WORDS[name]);
  }
}
