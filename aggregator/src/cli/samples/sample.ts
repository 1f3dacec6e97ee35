import type { ModelName } from "@fedge/protocol";
import type { ModelImport } from "../../service.js";
import type { ArrangedExamples } from "../../simulation/fleet/fleet-examples.js";
import type { LabelledExamples } from "../../simulation/workload.js";

/** What a sample fleet learns, and how. */
export interface Sample {
  readonly model: ModelName;
  /** To be imported unless an earlier start did. */
  readonly initial: ModelImport;
  readonly fleet: ArrangedExamples;
  readonly heldOut: LabelledExamples;
  readonly training: {
    readonly batchSize: number;
    readonly learningRate: number;
  };
  readonly serverOptimizer: object;
  readonly update: { readonly encoding: "float16" | "int8"; readonly maxNorm: number };
  /** Whether a round waits for everybody who was selected: a page is slower than the others. */
  readonly close: "goal" | "cohort";
  readonly maxRounds: number;
  readonly pauseBetweenRoundsMs: number;
  readonly releaseEveryVersions: number;
}

export const SAMPLE_SEED = "sample";
