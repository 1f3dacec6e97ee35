import type { ModelName, RoundUp } from "@fedge/protocol";
import type { TrainingData } from "../ports/application.js";
import { RUNTIME_VERSION } from "../installs/installer.js";

/** What a device that asks for work says of itself. */
export function checkInOf(
  models: readonly ModelName[],
  engine: string,
  trainingData: Readonly<Record<string, TrainingData>>,
): RoundUp {
  const offers = models.map((model) => ({ model, numExamples: trainingData[model]?.numExamples() ?? 0 }));
  return { type: "check-in", runtimeVersion: RUNTIME_VERSION, engine, models: offers };
}
