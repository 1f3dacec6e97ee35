export type MetricKind = "counter" | "gauge" | "histogram";

interface MetricDefinition {
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the metric's unit. */
  readonly buckets?: readonly number[];
}

/**
 * Every metric that the aggregator exports. Labels come from closed sets, never from devices: a label per device
 * would cost memory per device and publish who takes part.
 */
export const METRICS = {
  fedge_rounds_total: {
    kind: "counter",
    help: "Rounds that ended, by outcome: committed or abandoned.",
    labels: ["outcome"],
  },
  fedge_updates_total: {
    kind: "counter",
    help: "Final answers to client updates, by outcome: counted or refused.",
    labels: ["outcome"],
  },
  fedge_updates_refused_total: {
    kind: "counter",
    help: "Client updates, reports and upload blocks that were refused, by error code.",
    labels: ["code"],
  },
  fedge_versions_total: { kind: "counter", help: "Model versions committed.", labels: ["model"] },
  fedge_bytes_up_total: { kind: "counter", help: "Payload bytes that devices sent.", labels: [] },
  fedge_bytes_down_total: { kind: "counter", help: "Payload bytes that devices were sent.", labels: [] },
  fedge_messages_refused_total: {
    kind: "counter",
    help: "Messages of devices that could not be decoded, by error code.",
    labels: ["code"],
  },
  fedge_publish_failed_total: {
    kind: "counter",
    help: "Messages to devices that the broker did not take.",
    labels: [],
  },
  fedge_installs_total: {
    kind: "counter",
    help: "Installation reports of devices, by state and error code (empty unless it failed).",
    labels: ["state", "code"],
  },
  fedge_evaluations_failed_total: {
    kind: "counter",
    help: "Versions that could not be evaluated.",
    labels: [],
  },
  fedge_evaluation_replies_total: {
    kind: "counter",
    help: "What devices answered to evaluations, by outcome.",
    labels: ["outcome"],
  },
  fedge_audit_failed_total: {
    kind: "counter",
    help: "Entries of rollouts that could not be written to the audit log; their journal has them.",
    labels: [],
  },
  fedge_proposals_failed_total: {
    kind: "counter",
    help: "Versions that a task's auto-pilot could not propose.",
    labels: [],
  },
  fedge_broker_refusals_total: {
    kind: "counter",
    help: "What the embedded broker refused, by action (connect, publish, subscribe, packet) and error code.",
    labels: ["action", "code"],
  },
  fedge_fleet_profile_rows_total: {
    kind: "counter",
    help: "Rows that devices counted against reference profiles, of released windows whose whole fleet is shown.",
    labels: ["model"],
  },
  fedge_profile_windows_refused_total: {
    kind: "counter",
    help: "Windows of devices that were not counted, by reason: not-monitored, late, not-begun, duplicate.",
    labels: ["reason"],
  },
  fedge_windows_suppressed_total: {
    kind: "counter",
    help: "Cohorts of released windows that are not shown, by reason.",
    labels: ["reason"],
  },
  fedge_drift_alerts_total: {
    kind: "counter",
    help: "Alerts of drift that were raised or grew graver, by severity, and those that were over (resolved).",
    labels: ["severity"],
  },
  fedge_webhook_calls_total: {
    kind: "counter",
    help: "Attempts to tell the webhook, by outcome: delivered, failed, given-up.",
    labels: ["outcome"],
  },
  fedge_model_info: {
    kind: "gauge",
    help: "1 for each version whose windows are released, with the hash of its counts' layout.",
    labels: ["model", "version", "layout"],
  },
  fedge_model_age_seconds: {
    kind: "gauge",
    help: "Age of the version whose windows are released.",
    labels: ["model"],
  },
  fedge_fleet_devices: {
    kind: "gauge",
    help: "Devices whose counts were released last, by cohort and its verdict.",
    labels: ["model", "cohort", "state"],
  },
  fedge_feature_drift_ratio: {
    kind: "gauge",
    help: "Drift score of the worst features, what chance gives taken off.",
    labels: ["model", "feature", "method"],
  },
  fedge_feature_drift_ratio_lower: {
    kind: "gauge",
    help: "Lower end of the score's 95 % interval.",
    labels: ["model", "feature", "method"],
  },
  fedge_feature_drift_ratio_limit: {
    kind: "gauge",
    help: "What the lower end has to be above for a verdict.",
    labels: ["model", "feature", "method"],
  },
  fedge_feature_missing_ratio: {
    kind: "gauge",
    help: "Share of missing values, every device counting alike.",
    labels: ["model", "feature"],
  },
  fedge_feature_unseen_ratio: {
    kind: "gauge",
    help: "Share of values of categories that the reference does not list, every device counting alike.",
    labels: ["model", "feature"],
  },
  fedge_feature_out_of_range_ratio: {
    kind: "gauge",
    help: "Share of values outside of what the reference knows, every device counting alike.",
    labels: ["model", "feature"],
  },
  fedge_prediction_drift_ratio: {
    kind: "gauge",
    help: "Jensen-Shannon distance of what the model predicts.",
    labels: ["model", "feature"],
  },
  fedge_estimated_accuracy_ratio: {
    kind: "gauge",
    help: "Accuracy as the scores promise it, where that may be said.",
    labels: ["model"],
  },
  fedge_realized_accuracy_ratio: {
    kind: "gauge",
    help: "Accuracy by the labels that came.",
    labels: ["model"],
  },
  fedge_label_coverage_ratio: {
    kind: "gauge",
    help: "Share of predictions whose label came.",
    labels: ["model"],
  },
  fedge_shadow_agreement_ratio: {
    kind: "gauge",
    help: "Share of predictions that both answered in which a shadow agreed with the version in use.",
    labels: ["model"],
  },
  fedge_shadow_accuracy_difference_ratio: {
    kind: "gauge",
    help: "Accuracy of a shadow less that of the version in use, on the same labelled predictions.",
    labels: ["model"],
  },
  fedge_broker_connections: { kind: "gauge", help: "Devices connected to the embedded broker.", labels: [] },
  fedge_devices: { kind: "gauge", help: "Enrolled devices, by presence.", labels: ["presence"] },
  fedge_tasks: { kind: "gauge", help: "Tasks, by status.", labels: ["status"] },
  fedge_model_version: { kind: "gauge", help: "Newest version number of a model.", labels: ["model"] },
  fedge_metadata_expires_in_seconds: {
    kind: "gauge",
    help: "Time until the published signed metadata of a role expire; negative once they have. Devices install nothing then.",
    labels: ["role"],
  },
  fedge_devices_untrusting: {
    kind: "gauge",
    help: "Devices that cannot believe the signed metadata and said why, by error code (METADATA_EXPIRED: stale).",
    labels: ["code"],
  },
  fedge_fold_seconds: {
    kind: "histogram",
    help: "Time to check one update and add it to a round's sum.",
    labels: [],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  },
  fedge_round_seconds: {
    kind: "histogram",
    help: "Time from a round's opening to its end, by outcome.",
    labels: ["outcome"],
    buckets: [1, 5, 10, 30, 60, 300, 900, 3600, 14_400],
  },
  fedge_aggregation_seconds: {
    kind: "histogram",
    help: "Time from the last counted update to the committed version.",
    labels: [],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
