import type { ModelDriftData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { hrefOf, withQuery } from "../shell/route.js";
import { formatCount } from "../text/format.js";
import { VerdictBadge } from "./verdict-badge.js";
import { cohortText } from "./verdict-looks.js";
import type { View } from "./view-query.js";

type Cohort = ModelDriftData["cohorts"][number];

/** The fleet in parts: one cohort may drift while the whole hides it. */
export function CohortsCard({ model, view }: { readonly model: ModelDriftData; readonly view: View }) {
  return (
    <Card title="Cohorts" className="span-6 table-card" testId="cohorts-card">
      <p className="quiet">By the attributes that the server divides the fleet by (--drift-cohort).</p>
      <DataTable
        caption="Verdict of each cohort"
        columns={columnsOf(model, view)}
        rows={[...model.cohorts].sort((one, other) => (one.cohort < other.cohort ? -1 : 1))}
        keyOf={({ cohort }) => cohort}
        empty="No cohort is shown in this window."
      />
    </Card>
  );
}

function columnsOf({ model }: ModelDriftData, view: View): readonly Column<Cohort>[] {
  return [
    {
      title: "Cohort",
      cell: ({ cohort }) => (
        <a
          href={withQuery(hrefOf("drift", model), { ...view, cohort })}
          aria-current={cohort === (view.cohort ?? "") ? "true" : undefined}
        >
          {cohortText(cohort)}
        </a>
      ),
    },
    { title: "Verdict", cell: ({ verdict }) => <VerdictBadge verdict={verdict} /> },
    { title: "Devices", isNumber: true, cell: ({ numDevices }) => formatCount(numDevices) },
    { title: "Rows", isNumber: true, cell: ({ numRows }) => formatCount(numRows) },
  ];
}
