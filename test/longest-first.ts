import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Minutes each: what begins last would run alone, while the other worker has nothing left to do. */
const LONGEST = [
  "test/browser/drift-alarm.test.ts",
  "test/e2e/keyboard-quality.test.ts",
  "test/faults/broken-candidates.test.ts",
  "test/e2e/kill-aggregator.test.ts",
  "test/browser/drift-page.test.ts",
  "test/browser/fallbacks.test.ts",
  "test/browser/rollouts-page.test.ts",
  "test/browser/engine-choice.test.ts",
  "test/browser/tfjs-backends.test.ts",
  "aggregator/src/simulation/simulate.test.ts",
  "aggregator/src/cli/serve.test.ts",
  "aggregator/src/registry/import-model.test.ts",
];

/** Begins with the files that take longest. A clean clone does not know yet, and would go by their size. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => groupOf(a) - groupOf(b) || placeOf(a) - placeOf(b));
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONGEST.findIndex((name) => moduleId.endsWith(name));
  return place === -1 ? LONGEST.length : place;
}
