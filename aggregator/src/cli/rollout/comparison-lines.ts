import type { RolloutBody } from "../../http/schema/rollout-schema.js";
import { numberText } from "../text.js";
import { metricText } from "./metric-text.js";
import { span, type Line } from "./paint.js";

/** What a comparison has found so far: its verdict, the difference, and every arm. */
export function comparisonLines(comparison: RolloutBody["comparison"]): Line[] {
  if (comparison === null) return [];
  const { metric, arms, difference, interval, pValue, requiredSample, verdict } = comparison;
  const found =
    difference === null
      ? []
      : [
          `difference ${metricText(metric, difference)}`,
          ...(interval === null
            ? []
            : [`95 % from ${metricText(metric, interval[0])} to ${metricText(metric, interval[1])}`]),
          ...(pValue === null ? [] : [`p ${numberText(pValue)}`]),
        ];
  return [
    [],
    [span(`  ${metric}: ${[verdict, ...found].join(", ")}`)],
    ...arms.map(({ version, sample, value, share }) => {
      const measured = value === null ? "nothing yet" : metricText(metric, value);
      // A shadow states no power, and so no sample.
      const seen = `${sample}${requiredSample === 0 ? "" : ` of ${requiredSample}`} observations`;
      return [span(`    version ${version}  ${(share * 100).toFixed(0)} %  ${measured}  ${seen}`)];
    }),
  ];
}
