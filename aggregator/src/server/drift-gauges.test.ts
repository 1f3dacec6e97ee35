import { expect, test } from "vitest";
import type { DriftService } from "../drift/drift-service.js";
import type { FeatureRow, ModelDetail } from "../drift/drift-views.js";
import { createMetrics } from "../metrics/metrics.js";
import { setDriftGauges } from "./drift-gauges.js";

const AGE: FeatureRow = {
  ...{ name: "age", kind: "numeric", role: "score", privacy: "public", importance: 1, verdict: "ok" },
  ...{ reason: null, numDevices: 60, numRows: 600, score: 0.1, lower: 0.02, upper: 0.2, limit: 0.05 },
  ...{ psi: 0.01, meanShift: 0, missing: 0.25, unseen: 0, outOfRange: 0, history: [] },
};
const TRUTH: FeatureRow = {
  ...{ ...AGE, name: "truth", numDevices: 0, numRows: 0, score: null, lower: null, upper: null },
  ...{ psi: null, meanShift: null, missing: null, unseen: null, outOfRange: null },
};

test("a feature that nobody counted has no drift in Prometheus, only its limit", async () => {
  const metrics = createMetrics({
    withProcessMetrics: false,
    onFault: (_, fault) => expect(fault).toBeNull(),
  });
  const model = {
    ...{ model: "digits", version: 3, ageMs: 0, cohorts: [], outcomes: null },
    release: { layoutSha256: "0".repeat(64), shown: [""] },
  } as unknown as ModelDetail;
  const drift: Pick<DriftService, "models" | "model" | "features"> = {
    ...{ models: async () => [model], model: async () => model, features: async () => [TRUTH, AGE] },
  };

  await setDriftGauges(metrics, drift);

  const lines = (await metrics.render()).split("\n").filter((line) => !line.startsWith("#"));
  const ofFeature = (name: string): string[] =>
    lines.filter((line) => line.includes(`feature="${name}"`)).map((line) => line.split("{")[0] as string);
  expect(ofFeature("truth")).toEqual(["fedge_feature_drift_ratio_limit"]);
  expect(ofFeature("age").sort()).toEqual([
    "fedge_feature_drift_ratio",
    "fedge_feature_drift_ratio_limit",
    "fedge_feature_drift_ratio_lower",
    "fedge_feature_missing_ratio",
    "fedge_feature_out_of_range_ratio",
    "fedge_feature_unseen_ratio",
    "fedge_prediction_drift_ratio",
  ]);
});
