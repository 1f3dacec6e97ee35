import type { Examples } from "./engine.js";

/** The app's labelled examples of one model. */
export interface TrainingData {
  /** How many there are now. A device without examples of any model takes part in no round. */
  numExamples(): number;
  /** At most `maxExamples` of them. */
  examples(maxExamples: number): Examples | Promise<Examples>;
}

/** Whether the device may work for the fleet now: idle, charging, unmetered, or whatever the app decides. */
export interface HostConditions {
  /** A training ends when this turns false and the listener is told so. A throw is a no. */
  isEligible(): boolean;
  /** What stands against it, in words that a person can read, such as `on battery`; none when it may. */
  reasons?(): readonly string[];
  /** Told whenever the answer may have changed; the returned function ends that. */
  onChange(listener: () => void): () => void;
  /** Told when the person uses the device where these conditions do not look, such as another tab. */
  usedElsewhere?(): void;
  /** Told when a training begins and ends, for what can only be asked for and is to be asked for often meanwhile. */
  trainingChanged?(isTraining: boolean): void;
}

/** What the person has agreed to. Both are off until an app that asked turns them on. */
export interface Consent {
  /** Train on this device's examples and send updates. */
  readonly training: boolean;
  /** Report installations and failures. */
  readonly reporting: boolean;
}
