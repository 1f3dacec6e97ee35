import type { TrainingData } from "../ports/application.js";
import type { FeatureLog } from "./feature-log.js";

/**
 * A model's labelled predictions as the examples that it is trained on; the newest first. `numClasses` tells how many
 * classes the model has now, null where labels are no classes: rows with another one are left out.
 */
export function labelledExamples(
  log: FeatureLog,
  model: string,
  numClasses: () => number | null = () => null,
): TrainingData {
  return {
    numExamples: () => log.totals.numExamples[model] ?? 0,
    examples: async (maxExamples) => {
      const rows = await log.query({ model, isLabelled: true, limit: maxExamples });
      // On demand: most visits to a page train nothing.
      const { ofClasses, toExamples } = await import("../on-demand.js");
      return toExamples(ofClasses(rows, numClasses()), maxExamples);
    },
  };
}
