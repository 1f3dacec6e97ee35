import type { DriftService } from "../drift/drift-service.js";
import type { FeatureRow, ModelVerdict } from "../drift/drift-views.js";
import type { Metrics } from "../metrics/metrics.js";

/** Features of each model that are exported, worst first; the rest is behind the API, so that label sets stay few. */
const TOP_FEATURES = 20;
const GAUGES = [
  ...["fedge_model_info", "fedge_model_age_seconds", "fedge_fleet_devices"],
  ...["fedge_feature_drift_ratio", "fedge_feature_drift_ratio_lower", "fedge_feature_drift_ratio_limit"],
  ...["fedge_feature_missing_ratio", "fedge_feature_unseen_ratio", "fedge_feature_out_of_range_ratio"],
  ...["fedge_prediction_drift_ratio", "fedge_estimated_accuracy_ratio", "fedge_realized_accuracy_ratio"],
  ...["fedge_label_coverage_ratio", "fedge_shadow_agreement_ratio", "fedge_shadow_accuracy_difference_ratio"],
];

type Monitored = Pick<DriftService, "models" | "model" | "features">;

/** Gauges of what was released last, of every monitored model. Never a device in a label. */
export async function setDriftGauges(metrics: Metrics, drift: Monitored): Promise<void> {
  for (const name of GAUGES) metrics.resetGauge(name);
  for (const verdict of await drift.models()) {
    const { model, version, release } = verdict;
    metrics.gauge("fedge_model_age_seconds", verdict.ageMs / 1000, { model });
    if (release === null) continue;
    const layout = release.layoutSha256.slice(0, 12);
    metrics.gauge("fedge_model_info", 1, { model, version: String(version), layout });
    await setModelGauges(metrics, drift, verdict);
  }
}

async function setModelGauges(metrics: Metrics, drift: Monitored, verdict: ModelVerdict): Promise<void> {
  const { model, release } = verdict;
  if (release === null || release.shown.length === 0) return;
  const detail = await drift.model(model);
  for (const { cohort, numDevices, verdict: state } of detail.cohorts)
    metrics.gauge("fedge_fleet_devices", numDevices, { model, cohort, state });
  const { outcomes } = detail;
  const known = (name: string, value: number | null | undefined): void => {
    if (value !== null && value !== undefined) metrics.gauge(name, value, { model });
  };
  known("fedge_estimated_accuracy_ratio", outcomes?.estimated.value);
  known("fedge_realized_accuracy_ratio", outcomes?.accuracy);
  known("fedge_label_coverage_ratio", outcomes?.labelCoverage);
  known("fedge_shadow_agreement_ratio", outcomes?.shadow?.agreement);
  known("fedge_shadow_accuracy_difference_ratio", outcomes?.shadow?.difference);
  for (const row of (await drift.features(model)).slice(0, TOP_FEATURES))
    setFeatureGauges(metrics, model, row);
}

function setFeatureGauges(metrics: Metrics, model: string, row: FeatureRow): void {
  const labels = { model, feature: row.name };
  const scored = { ...labels, method: "jensen-shannon" };
  // What nobody counted has no value: a series that ends, not one that is 0.
  const known = (name: string, value: number | null, its: Record<string, string>): void => {
    if (value !== null) metrics.gauge(name, value, its);
  };
  known("fedge_feature_drift_ratio", row.score, scored);
  known("fedge_feature_drift_ratio_lower", row.lower, scored);
  metrics.gauge("fedge_feature_drift_ratio_limit", row.limit, scored);
  known("fedge_feature_missing_ratio", row.missing, labels);
  known("fedge_feature_unseen_ratio", row.unseen, labels);
  known("fedge_feature_out_of_range_ratio", row.outOfRange, labels);
  if (row.role === "prediction" || row.role === "score")
    known("fedge_prediction_drift_ratio", row.score, labels);
}
