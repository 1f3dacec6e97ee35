import type { AlertRecord } from "./alerts/alert-record.js";
import { csvText } from "./csv-text.js";
import type { FeatureDetail, FeatureRow, HeatMap, ModelVerdict } from "./drift-views.js";

/** Verdicts of models, one a row. */
export function modelsCsv(models: readonly ModelVerdict[]): string {
  return csvText(
    [
      ...["model", "version", "verdict", "reason", "since_ms", "window", "devices", "eligible", "rows"],
      ...["label_coverage", "drifted_share", "open_alerts"],
    ],
    models.map((model) => [
      ...[model.model, model.version, model.verdict, model.reason, model.sinceMs, model.release?.window],
      ...[model.release?.numDevices, model.numEligible, model.release?.numRows, model.labelCoverage],
      ...[model.release?.driftedShare, model.numOpenAlerts],
    ]),
  );
}

/** Features of one view, one a row. */
export function featuresCsv(features: readonly FeatureRow[]): string {
  return csvText(
    [
      ...["feature", "kind", "role", "importance", "verdict", "reason", "devices", "rows", "jensen_shannon"],
      ...["lower", "upper", "limit", "psi", "mean_shift", "missing", "unseen", "out_of_range"],
    ],
    features.map((row) => [
      ...[row.name, row.kind, row.role, row.importance, row.verdict, row.reason, row.numDevices, row.numRows],
      ...[row.score, row.lower, row.upper, row.limit, row.psi, row.meanShift],
      ...[row.missing, row.unseen, row.outOfRange],
    ]),
  );
}

/**
 * What it takes to compute a feature's scores again, and the scores: rows `cell` with the reference's and the released counts,
 * rows `score` with method and result.
 */
export function featureCsv(feature: FeatureDetail): string {
  const place = [feature.model, feature.version, feature.window, feature.cohort, feature.name];
  const cells = feature.cells.map((cell) => [
    ...["cell", ...place, cell.name, cell.reference, cell.rows, cell.devices],
    ...Array<null>(12).fill(null),
  ]);
  const scores = feature.scores.map((score) => [
    ...["score", ...place, null, null, null, null, score.method, score.weighting, score.score],
    ...[score.expected, score.lower, score.upper, score.limit, score.logPValue, score.numBins],
    ...[score.logBase, score.zeroRule, score.note],
  ]);
  return csvText(
    [
      ...[
        "row",
        "model",
        "version",
        "window",
        "cohort",
        "feature",
        "cell",
        "reference",
        "rows",
        "device_256ths",
      ],
      ...["method", "weighting", "score", "expected", "lower", "upper", "limit", "log_p", "bins", "log_base"],
      ...["zero_rule", "note"],
    ],
    [...cells, ...scores],
  );
}

/** Windows by features: one row for each window that is shown and feature. */
export function windowsCsv({ model, version, cohort, features, windows }: HeatMap): string {
  return csvText(
    [
      ...["model", "version", "cohort", "window", "begins_ms", "ends_ms", "devices"],
      ...["feature", "verdict", "jensen_shannon"],
    ],
    windows.flatMap(({ window, beginsAtMs, endsAtMs, numDevices, cells }) =>
      (cells ?? []).map((cell, at) => [
        ...[model, version, cohort, window, beginsAtMs, endsAtMs, numDevices],
        ...[features[at], cell.verdict, cell.score],
      ]),
    ),
  );
}

export function alertsCsv(alerts: readonly AlertRecord[]): string {
  return csvText(
    [
      ...["alert", "model", "version", "state", "severity", "kind", "feature", "cohort", "method", "score"],
      ...["lower", "upper", "limit", "rows", "devices", "first_window", "last_window", "opened_ms", "owner"],
      ...["silenced_until_ms", "false_alarm_by", "text"],
    ],
    alerts.map(({ evidence, ...alert }) => [
      ...[alert.alertId, alert.model, alert.version, alert.state, evidence.severity, evidence.kind],
      ...[evidence.feature, evidence.cohort, evidence.method, evidence.score, evidence.lower, evidence.upper],
      ...[evidence.limit, evidence.numRows, evidence.numDevices, alert.firstWindow, alert.lastWindow],
      ...[alert.openedAtMs, alert.owner, alert.silencedUntilMs, alert.falseAlarmBy, evidence.text],
    ]),
  );
}
