import type { ModelName } from "@fedge/protocol";
import type { ModelImport } from "../../service.js";
import type { ArrangedExamples } from "../../simulation/fleet/fleet-examples.js";
import type { LabelledExamples } from "../../simulation/workload.js";

/** How fast rounds follow each other, and what becomes of them. */
export interface SamplePace {
  readonly serverOptimizer: object;
  readonly maxRounds: number;
  readonly pauseBetweenRoundsMs: number;
  readonly releaseEveryVersions: number;
}

/** What a sample fleet learns, and how. */
export interface Sample extends SamplePace {
  readonly model: ModelName;
  /** To be imported unless an earlier start did. */
  readonly initial: ModelImport;
  readonly fleet: ArrangedExamples;
  readonly heldOut: LabelledExamples;
  /** Token of unknown words, in texts. */
  readonly unknownToken?: number;
  readonly training: {
    readonly batchSize: number;
    readonly learningRate: number;
  };
  readonly update: { readonly encoding: "float16" | "int8"; readonly maxNorm: number };
  /** Whether a round waits for everybody who was selected: a page is slower than the others. */
  readonly close: "goal" | "cohort";
  /** How it goes on when all rounds are over; null ends with them. */
  readonly afterwards: SamplePace | null;
}

export const SAMPLE_SEED = "sample";
