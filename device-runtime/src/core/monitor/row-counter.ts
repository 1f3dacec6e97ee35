import type { FeatureRows, FeatureTensor, FeatureValue } from "@fedge/protocol/profile";
import type { TensorValues } from "../ports/engine.js";
import type { latencyBin } from "../serving/serving-counter.js";
import { fixedScore, outputOf } from "./outcome-counts.js";
import type { WatchedPrediction } from "./prediction-watch.js";
import { FeatureReader } from "./feature-reader.js";
import { RowBatch } from "./row-batch.js";
import type { Known, WatchedProfile } from "./watched-feature.js";

/** Predictions that may be under way at a time without making room anew. */
const MOST_SPARE = 8;
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
  counted(batch: RowBatch, latencyBin: number, latencyUs: number, id: string): void;
  failed(): void;
}

/**
 * Turns predictions into what they add to a window. Inputs are read before the model runs, for the app may use its arrays
 * again as soon as it has called; nothing of them is copied but their cells. Batches and closures are made once.
 */
export class RowCounter {
  readonly #inputs: FeatureReader;
  readonly #answers: FeatureReader;
  readonly #later: Uint8Array;
  readonly #spare: InFlight[] = [];
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
    this.#later = placesOf(watched, "later");
  }

  begin(inputs: TensorValues): WatchedPrediction {
    const flight = this.#spare.pop() ?? new InFlight(this, new RowBatch(this.watched.features.length));
    const rows = this.#rows;
    rows.inputs = inputs;
    flight.batch.begin(numRowsOf(inputs));
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
    this.sink.counted(batch, this.binOf(elapsedUs), elapsedUs, id);
    this.release(flight);
  }

  release(flight: InFlight): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(flight);
  }

  /** The highest score of each row of a classification, where it is a probability. */
  #score(batch: RowBatch, outputs: TensorValues): void {
    const { outcomes } = this.watched.profile;
    if (outcomes.numClasses === 0) return;
    const output = outputOf(outcomes, outputs);
    if (output === undefined || output.data.length !== batch.numRows * outcomes.numClasses) return;
    for (let row = 0; row < batch.numRows; row += 1) {
      let highest = Number.NEGATIVE_INFINITY;
      const end = (row + 1) * outcomes.numClasses;
      for (let at = row * outcomes.numClasses; at < end; at += 1) {
        const score = Number(output.data[at]);
        if (score > highest) highest = score;
      }
      const fixed = fixedScore(highest);
      if (fixed !== null) batch.scores[row] = fixed;
    }
  }
}

class InFlight implements WatchedPrediction {
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
export function placesOf({ features }: WatchedProfile, known: Known): Uint8Array {
  return Uint8Array.from([...features.keys()].filter((place) => features[place]?.known === known));
}

function numRowsOf(inputs: TensorValues): number {
  for (const name in inputs) return inputs[name]?.shape[0] ?? 1;
  return 0;
}
