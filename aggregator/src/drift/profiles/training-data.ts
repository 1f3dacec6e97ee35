import type { FeatureTensor, FeatureValue } from "@fedge/protocol/profile";

/** What the app notes with a prediction, by name. */
export type Fields = Readonly<Record<string, FeatureValue>>;

/** Rows of training data, as the device would have them. */
export interface TrainingBatch {
  readonly numRows: number;
  readonly inputs: Readonly<Record<string, FeatureTensor>>;
  readonly label: FeatureTensor | null;
  /** One for each row; empty where the data have none. */
  readonly fields: readonly Fields[];
}

/** Data of any size: each call reads them again from their beginning. */
export type TrainingData = () => AsyncIterable<TrainingBatch>;

/** A model's outputs for inputs. */
export type Predict = (inputs: TrainingBatch["inputs"]) => Promise<Readonly<Record<string, FeatureTensor>>>;
