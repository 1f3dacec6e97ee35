import type { FeatureRows, FeatureTensor, FeatureValue } from "@fedge/protocol/profile";
import type { TensorValues } from "../ports/engine.js";
import type { latencyBin } from "../serving/serving-counter.js";
import { fixedScore, largestOf, outputOf, probabilityOf, rowOf } from "./outcome-counts.js";
import type { WatchedPrediction } from "./prediction-watch.js";
import { FeatureReader } from "./feature-reader.js";
import { RowBatch } from "./row-batch.js";
import type { Known, WatchedFeature, WatchedProfile } from "./watched-feature.js";

/**
 * Predictions that are counted together: a window's counts and streams, which a model's run drives from the processor's cache,
 * are fetched once for all of them.
 */
const NUM_TOGETHER = 16;
/** Predictions that may be under way, or wait to be counted, without making room anew. */
const MOST_SPARE = NUM_TOGETHER + 8;
/** So many rows at once wait for nothing. */
const MOST_WAITING_ROWS = 64;
const NOTHING = {};

interface OpenRows extends FeatureRows {
  inputs: FeatureRows["inputs"];
  outputs: FeatureRows["outputs"];
  label: FeatureTensor | null;
  fields: Readonly<Record<string, FeatureValue>>;
  latencyUs: number | null;
}

/** What is done with the rows of a prediction once all of it is known. */
export interface RowSink {
  /** Rows are there: whether the window of now takes any. */
  opens(): boolean;
  /** Counts rows into the window that was open when they came. */
  counted(batch: RowBatch, latencyBin: number, latencyUs: number, id: string): void;
  failed(): void;
}

/**
 * Turns predictions into what they add to a window. Inputs are read before the model runs, for the app may use its arrays
 * again as soon as it has called; nothing of them is copied but their cells. Batches and closures are made once. Rows wait
 * for a few others: whoever looks at what was counted, or ends it, has them counted first.
 */
export class RowCounter {
  readonly #inputs: FeatureReader;
  readonly #answers: FeatureReader;
  readonly #later: Uint8Array;
  readonly #spare: InFlight[] = [];
  /** In the order in which they were answered. */
  readonly #waiting: InFlight[] = [];
  readonly #rows: OpenRows = {
    ...{ inputs: NOTHING, outputs: NOTHING, label: null, fields: NOTHING, latencyUs: null },
  };

  constructor(
    readonly watched: WatchedProfile,
    private readonly binOf: typeof latencyBin,
    readonly sink: RowSink,
  ) {
    this.#inputs = new FeatureReader(watched.features, placesOf(watched, "inputs"));
    this.#answers = new FeatureReader(watched.features, placesOf(watched, "answer"));
    this.#later = placesOf(watched, "later", "apart");
  }

  begin(inputs: TensorValues): WatchedPrediction {
    const flight = this.#spare.pop() ?? new InFlight(this, new RowBatch(this.watched.features.length));
    const rows = this.#rows;
    rows.inputs = inputs;
    flight.batch.begin(numInputRows(inputs));
    this.#inputs.read(flight.batch, rows);
    flight.batch.leaveOut(this.watched.features, this.#later);
    rows.inputs = NOTHING;
    return flight;
  }

  answered(flight: InFlight, outputs: TensorValues, elapsedUs: number, id: string): void {
    const { batch } = flight;
    const rows = this.#rows;
    rows.outputs = outputs;
    rows.latencyUs = elapsedUs;
    this.#answers.read(batch, rows);
    rows.outputs = NOTHING;
    this.#score(batch, outputs);
    if (!this.sink.opens()) return this.release(flight);
    flight.elapsedUs = elapsedUs;
    flight.id = id;
    this.#waiting.push(flight);
    if (this.#waiting.length >= NUM_TOGETHER || batch.numRows > MOST_WAITING_ROWS) this.count();
  }

  /** Counts what waits. */
  count(): void {
    for (const flight of this.#waiting) {
      const { batch, elapsedUs, id } = flight;
      this.sink.counted(batch, this.binOf(elapsedUs), elapsedUs, id);
    }
    this.forget();
  }

  /** What waits is not counted at all. */
  forget(): void {
    for (const flight of this.#waiting) this.release(flight);
    this.#waiting.length = 0;
  }

  release(flight: InFlight): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(flight);
  }

  /** The probability of each row's answer, of a classification. */
  #score(batch: RowBatch, outputs: TensorValues): void {
    const { outcomes } = this.watched.profile;
    if (outcomes.numClasses === 0) return;
    const output = outputOf(outcomes, outputs);
    if (output === undefined || output.data.length !== batch.numRows * outcomes.numClasses) return;
    for (let row = 0; row < batch.numRows; row += 1) {
      const scores = rowOf(output, row, batch.numRows);
      const fixed = fixedScore(probabilityOf(scores, largestOf(scores)));
      if (fixed !== null) batch.scores[row] = fixed;
    }
  }
}

class InFlight implements WatchedPrediction {
  elapsedUs = 0;
  id = "";

  constructor(
    private readonly counter: RowCounter,
    readonly batch: RowBatch,
  ) {}

  answered(outputs: TensorValues, elapsedUs: number, id: string): void {
    this.counter.answered(this, outputs, elapsedUs, id);
  }

  failed(): void {
    this.counter.sink.failed();
    this.counter.release(this);
  }
}

/** Places of the features whose values are known then. */
export function placesOf({ features }: WatchedProfile, ...known: readonly Known[]): Uint8Array {
  return Uint8Array.from(
    [...features.keys()].filter((place) => known.includes((features[place] as WatchedFeature).known)),
  );
}

/** Rows of a prediction, by its inputs. */
export function numInputRows(inputs: TensorValues): number {
  for (const name in inputs) return inputs[name]?.shape[0] ?? 1;
  return 0;
}
