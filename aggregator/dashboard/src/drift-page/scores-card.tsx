import type { FeatureData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { NONE } from "../text/format.js";
import { pText, scoreText, shareText } from "./numbers.js";

type Score = FeatureData["scores"][number];
type Quantile = NonNullable<FeatureData["quantiles"]>[number];

/** Every score with its method: verdicts go by those with a limit. */
export function ScoresCard({ feature }: { readonly feature: FeatureData }) {
  return (
    <Card title="Every score" className="span-12 table-card" testId="scores-card">
      <p className="quiet">
        Verdicts go by the scores that have a limit; the others are for comparison. All of them can be
        computed again from the downloads above, or by hand with <code>fedge drift test</code>.
      </p>
      <DataTable
        caption={`Scores of ${feature.name}`}
        columns={COLUMNS}
        rows={feature.scores}
        keyOf={({ method, weighting }) => `${method} ${weighting}`}
        empty="There is no score."
        testId="scores-table"
      />
    </Card>
  );
}

const COLUMNS: readonly Column<Score>[] = [
  { title: "Method", cell: ({ method }) => method },
  { title: "Weighs alike", cell: ({ weighting }) => weighting },
  { title: "Score", isNumber: true, cell: ({ score }) => scoreText(score) },
  { title: "Of chance", isNumber: true, cell: ({ expected }) => scoreText(expected) },
  {
    title: "95 % interval",
    isNumber: true,
    cell: ({ lower, upper }) =>
      lower === null || upper === null ? NONE : `${scoreText(lower)}–${scoreText(upper)}`,
  },
  { title: "Limit", isNumber: true, cell: ({ limit }) => scoreText(limit) },
  { title: "p", isNumber: true, cell: ({ logPValue }) => pText(logPValue) },
  {
    title: "Defined by",
    cell: ({ numBins, logBase, zeroRule, note }) => (
      <span className="wrapped quiet">
        {[`${numBins} cells`, logBase === null ? null : `log base ${logBase}`, zeroRule, note]
          .filter((each) => each !== null)
          .join("; ")}
      </span>
    ),
  },
];

/** Quantiles of numbers within the reference's edges. */
export function QuantilesCard({ feature }: { readonly feature: FeatureData }) {
  if (feature.quantiles === null) return null;
  return (
    <Card title="Quantiles" className="span-6 table-card" testId="quantiles-card">
      <p className="quiet">Of rows within the reference&rsquo;s edges, spread evenly in their cells.</p>
      <DataTable
        caption={`Quantiles of ${feature.name}`}
        columns={QUANTILE_COLUMNS}
        rows={feature.quantiles}
        keyOf={({ probability }) => probability}
        empty=""
      />
    </Card>
  );
}

const QUANTILE_COLUMNS: readonly Column<Quantile>[] = [
  { title: "Below it", isNumber: true, cell: ({ probability }) => shareText(probability) },
  { title: "Reference", isNumber: true, cell: ({ reference }) => scoreText(reference) },
  { title: "Now", isNumber: true, cell: ({ current }) => scoreText(current) },
];
