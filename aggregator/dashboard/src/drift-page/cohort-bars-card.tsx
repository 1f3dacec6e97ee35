import type { FeatureData } from "../data/api-types.js";
import { Card } from "../parts/card.js";
import { hrefOf, withQuery } from "../shell/route.js";
import { formatCount } from "../text/format.js";
import { cellShares } from "./cell-shares.js";
import { scoreText } from "./numbers.js";
import { VerdictBadge } from "./verdict-badge.js";
import { cohortText } from "./verdict-looks.js";
import type { View } from "./view-query.js";

type Cohort = FeatureData["cohorts"][number];

/** The same feature in each cohort, in small: bars are now, the line is the reference. */
export function CohortBarsCard({ feature, view }: { readonly feature: FeatureData; readonly view: View }) {
  if (feature.cohorts.length < 2) return null;
  const href = hrefOf("drift", feature.model, feature.name);
  return (
    <Card title="By cohort" className="span-12" testId="cohort-bars">
      <p className="quiet">Bars: rows of the cohort now. Line: the reference.</p>
      <ul className="cohort-bars">
        {feature.cohorts.map((cohort) => (
          <li key={cohort.cohort}>
            <p>
              <a href={withQuery(href, { ...view, cohort: cohort.cohort })}>{cohortText(cohort.cohort)}</a>{" "}
              <VerdictBadge verdict={cohort.verdict} />
            </p>
            <CohortBars feature={feature} cohort={cohort} />
            <p className="quiet">
              score {scoreText(cohort.score)}, {formatCount(cohort.numDevices)} devices
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

const HEIGHT = 60;
const STEP = 10;

function CohortBars({ feature, cohort }: { readonly feature: FeatureData; readonly cohort: Cohort }) {
  const cells = feature.cells.map((cell, at) => ({ ...cell, rows: cohort.rows[at] ?? 0 }));
  const shares = cellShares(cells);
  const most = Math.max(...shares.map(({ reference, rows }) => Math.max(reference, rows))) || 1;
  const width = shares.length * STEP;
  const y = (share: number): number => HEIGHT - (HEIGHT - 2) * (share / most);
  const line = shares.map(({ reference }, at) => `M${at * STEP} ${y(reference)}h${STEP}`).join("");
  return (
    <svg
      className="cohort-chart"
      viewBox={`0 0 ${width} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${feature.name} in ${cohortText(cohort.cohort)}: score ${scoreText(cohort.score)}`}
    >
      {shares.map(({ name, rows }, at) => (
        <rect key={name} x={at * STEP + 1} width={STEP - 2} y={y(rows)} height={HEIGHT - y(rows)} />
      ))}
      <path d={line} />
    </svg>
  );
}
