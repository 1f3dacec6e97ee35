import { useCallback } from "react";
import type { FeatureRowData, FeaturesAnswer } from "../data/api-types.js";
import { useSession } from "../data/session-context.js";
import { hasCode } from "../data/use-loaded.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { Card } from "../parts/card.js";
import { Problem } from "../parts/problem.js";
import { SortableTable, type SortableColumn } from "../parts/sortable-table.js";
import { hrefOf, withQuery } from "../shell/route.js";
import { formatCount } from "../text/format.js";
import { DownloadLinks } from "./download-links.js";
import { scoreText, shareText } from "./numbers.js";
import { Sparkline } from "./sparkline.js";
import { useDrift } from "./use-drift.js";
import { VerdictBadge } from "./verdict-badge.js";
import { ALL_VERDICTS } from "./verdict-looks.js";
import type { View } from "./view-query.js";

/** The features of a model in one window: worst first, then by importance times effect, or by what one chooses. */
export function FeaturesCard(props: {
  readonly live: LiveState;
  readonly model: string;
  readonly view: View;
}) {
  const { model, view } = props;
  const path = `/v1/drift/models/${encodeURIComponent(model)}/features`;
  const { data, error, isLoading } = useFeatures(props, path);
  return (
    <Card
      title="Features"
      className="span-12 table-card"
      testId="features-card"
      aside={<DownloadLinks what="features" path={path} view={view} name={`${model}-features`} />}
    >
      <p className="quiet">
        Score: Jensen–Shannon distance of the fleet&rsquo;s shares from the reference&rsquo;s, each device
        counting the same, what chance gives taken off; with its 95 % interval. Press a column&rsquo;s name to
        order by it.
      </p>
      <FeaturesProblem error={error} />
      <div aria-busy={isLoading}>
        {error === null && (
          <SortableTable
            caption={`Features of ${model}`}
            columns={columnsOf(model, view)}
            rows={data?.features ?? []}
            keyOf={({ name }) => name}
            empty={data === null ? "Loading" : "The profile has no feature."}
            testId="features-table"
          />
        )}
      </div>
    </Card>
  );
}

function useFeatures({ live, model, view }: Parameters<typeof FeaturesCard>[0], path: string) {
  const { api } = useSession();
  const { version, cohort, window: chosen } = view;
  const load = useCallback(
    (signal: AbortSignal) => api.get<FeaturesAnswer>(path, { version, cohort, window: chosen }, signal),
    [api, path, version, cohort, chosen],
  );
  return useDrift(live, model, load);
}

/** That a window or a cohort is not shown is an answer, not a failure. */
function FeaturesProblem({ error }: { readonly error: Error | null }) {
  if (error === null) return null;
  if (!hasCode(error, "DATA_MISSING")) return <Problem error={error} />;
  return (
    <p className="table-empty" role="status" data-testid="features-hidden">
      {error.message}
    </p>
  );
}

function columnsOf(model: string, view: View): readonly SortableColumn<FeatureRowData>[] {
  return [
    {
      title: "Feature",
      sortBy: ({ name }) => name,
      cell: ({ name, role }) => (
        <>
          <a href={withQuery(hrefOf("drift", model, name), { ...view })} className="id-link">
            {name}
          </a>
          {role !== "input" && <span className="quiet"> {role}</span>}
        </>
      ),
    },
    {
      title: "Verdict",
      sortBy: ({ verdict }) => ALL_VERDICTS.indexOf(verdict),
      cell: ({ verdict }) => <VerdictBadge verdict={verdict} />,
    },
    { title: "Windows", cell: (row) => <Sparkline {...row} /> },
    {
      title: "Score",
      isNumber: true,
      sortBy: ({ score }) => score,
      cell: ({ score, lower, upper }) => (
        <>
          {scoreText(score)}{" "}
          {score !== null && (
            <span className="quiet">
              {scoreText(lower)}–{scoreText(upper)}
            </span>
          )}
        </>
      ),
    },
    { title: "Limit", isNumber: true, sortBy: ({ limit }) => limit, cell: ({ limit }) => scoreText(limit) },
    ...weightColumns(),
    ...rateColumns(),
  ];
}

function weightColumns(): readonly SortableColumn<FeatureRowData>[] {
  return [
    {
      title: "Importance",
      isNumber: true,
      sortBy: ({ importance }) => importance,
      cell: ({ importance }) => String(Number(importance.toPrecision(3))),
    },
    {
      title: "× effect",
      isNumber: true,
      sortBy: weightedScore,
      cell: (row) => scoreText(weightedScore(row)),
    },
  ];
}

function weightedScore({ importance, score }: FeatureRowData): number | null {
  return score === null ? null : importance * score;
}

function rateColumns(): readonly SortableColumn<FeatureRowData>[] {
  return [
    {
      title: "Missing",
      isNumber: true,
      sortBy: ({ missing }) => missing,
      cell: ({ missing }) => shareText(missing),
    },
    {
      title: "Unseen",
      isNumber: true,
      sortBy: unseenShare,
      cell: (row) => shareText(unseenShare(row)),
    },
    {
      title: "Devices",
      isNumber: true,
      sortBy: ({ numDevices }) => numDevices,
      cell: ({ numDevices }) => formatCount(numDevices),
    },
  ];
}

/** Of categories: not in the list. Of numbers: beyond the edges of the reference. */
function unseenShare({ kind, unseen, outOfRange }: FeatureRowData): number | null {
  return kind === "categorical" ? unseen : outOfRange;
}
