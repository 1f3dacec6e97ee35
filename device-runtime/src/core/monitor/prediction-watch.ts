import type { LogField } from "../feature-log/log-row.js";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import type { Prediction } from "../serving/model-host.js";

/** Counts what a version answers; never changes or delays an answer by more than counting takes. */
export interface PredictionWatch {
  /** Called before the model runs, with what it will be given; null for a version that is not watched. */
  begin(version: number, inputs: TensorValues): WatchedPrediction | null;
  /** A shadow has answered the same request, alike or not, or failed at it. */
  compared(comparison: Comparison): void;
}

/** What both versions made of one request. */
export interface Comparison {
  readonly outcome: "agreed" | "differed" | "failed";
  /** The app has it too, but these arrays are not the app's. */
  readonly served: Prediction;
  readonly shadowVersion: number;
  /** Null when it failed. */
  readonly shadowOutputs: TensorValues | null;
}

/** A prediction that is under way. One of both is called, once. */
export interface WatchedPrediction {
  answered(outputs: TensorValues, elapsedUs: number, id: string): void;
  failed(): void;
}

/** What the app said of a prediction: fields, or the truth. */
export interface Said {
  readonly id: string;
  readonly fields: Readonly<Record<string, LogField>>;
  /** What it had said before: what counts for itself counts once. */
  readonly fieldsBefore: Readonly<Record<string, LogField>>;
  readonly label: TensorValue | null;
  /** Of the prediction, of which it is said. */
  readonly numRows: number;
  /** From the prediction until now. */
  readonly delayMs: number;
}
