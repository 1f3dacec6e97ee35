/** Metrics that are a share of something. */
const SHARE = /^(install|prediction-error|accuracy|agreement|proxy:.*|.*-rate)$/;

/** A metric's value for people: shares as per cent, others in the metric's own unit with four digits. */
export function metricText(metric: string, value: number): string {
  return SHARE.test(metric) ? `${(value * 100).toFixed(2)} %` : String(Number(value.toPrecision(4)));
}
