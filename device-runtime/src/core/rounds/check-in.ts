import type { ModelName, RoundUp } from "@fedge/protocol";
import type { TrainingData } from "../ports/application.js";
import { RUNTIME_VERSION } from "../installs/installer.js";

/** How many examples there are of a model. */
export function examplesOf(trainingData: Readonly<Record<string, TrainingData>>, model: ModelName): number {
  return trainingData[model]?.numExamples() ?? 0;
}

/** What a device that asks for work says of itself. */
export function checkInOf(
  models: readonly ModelName[],
  engine: string,
  trainingData: Readonly<Record<string, TrainingData>>,
): RoundUp {
  const offers = models.map((model) => ({ model, numExamples: examplesOf(trainingData, model) }));
  return { type: "check-in", runtimeVersion: RUNTIME_VERSION, engine, models: offers };
}
