import type { FeatureData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { shareText } from "./numbers.js";

type Mix = FeatureData["mix"][number];
type MixCohort = Mix["cohorts"][number];

/** How much of the change since the window before is of cohorts that weigh otherwise, and how much is within them. */
export function MixCard({ feature }: { readonly feature: FeatureData }) {
  if (feature.mix.length === 0) return null;
  return (
    <Card title="Other devices, or other data?" className="span-6 table-card" testId="mix-card">
      <p className="quiet">
        The change of the shares since the window before, in two parts: cohorts that weigh otherwise, and
        change within cohorts. Parts may cancel out.
      </p>
      {feature.mix.map((mix) => (
        <div key={mix.attribute}>
          <h3 className="sub-title">By {mix.attribute}</h3>
          <p>
            {shareText(mix.total)} of the mass moved: {shareText(mix.mix)} because cohorts weigh otherwise,{" "}
            {shareText(mix.within)} within them.
          </p>
          <DataTable
            caption={`Change by ${mix.attribute}`}
            columns={COLUMNS}
            rows={mix.cohorts}
            keyOf={({ cohort }) => cohort}
            empty=""
          />
        </div>
      ))}
    </Card>
  );
}

const COLUMNS: readonly Column<MixCohort>[] = [
  { title: "Cohort", cell: ({ cohort }) => cohort.slice(cohort.indexOf("=") + 1) },
  { title: "Weight before", isNumber: true, cell: ({ weightBefore }) => shareText(weightBefore) },
  { title: "Weight now", isNumber: true, cell: ({ weightNow }) => shareText(weightNow) },
  { title: "Moved within", isNumber: true, cell: ({ change }) => shareText(change) },
];
