import type { RolloutData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { NONE, formatCount, formatFraction } from "../text/format.js";
import { IntervalChart } from "./interval-chart.js";
import { metricName, metricText } from "./rollout-looks.js";

type ComparisonData = NonNullable<RolloutData["comparison"]>;
type Arm = ComparisonData["arms"][number];

/** What a comparison of versions has found so far; nothing for a plain release. */
export function ComparisonCard({ rollout }: { readonly rollout: RolloutData }) {
  const { comparison } = rollout;
  if (comparison === null) return null;
  const { metric, difference, interval, pValue, requiredSample } = comparison;
  const text = (value: number | null): string => (value === null ? NONE : metricText(metric, value));
  const label =
    interval === null
      ? `difference in ${metricName(metric)}: ${text(difference)}`
      : `difference in ${metricName(metric)}: ${text(difference)}, between ${text(interval[0])} and ${text(interval[1])}`;
  return (
    <Card title={`Comparison by ${metricName(metric)}`} className="span-12" testId="comparison-card">
      <p className="rollout-reason">{comparison.verdict}</p>
      <div className="comparison">
        <DataTable
          caption="Versions that are compared"
          columns={armColumns(metric)}
          rows={comparison.arms}
          keyOf={(arm) => arm.version}
          empty="No version has been counted yet."
        />
        <div className="gate-picture">
          <IntervalChart
            comparison={{ value: difference, control: 0, interval, limit: null }}
            tone="busy"
            label={label}
          />
          <p className="quiet">
            difference {text(difference)}
            {pValue === null ? "" : `, p = ${pValue.toPrecision(2)}`}
            {requiredSample === 0 ? "" : `; ${formatCount(Math.ceil(requiredSample))} wanted of each`}
          </p>
        </div>
      </div>
    </Card>
  );
}

function armColumns(metric: string): readonly Column<Arm>[] {
  return [
    { title: "Version", isNumber: true, cell: ({ version }) => version },
    { title: "Share", isNumber: true, cell: ({ share }) => formatFraction(share) },
    { title: "Sample", isNumber: true, cell: ({ sample }) => formatCount(sample) },
    {
      title: metricName(metric),
      isNumber: true,
      cell: ({ value }) => (value === null ? NONE : metricText(metric, value)),
    },
  ];
}
