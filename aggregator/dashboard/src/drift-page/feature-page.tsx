import { useCallback } from "react";
import type { FeatureData, ModelDriftData } from "../data/api-types.js";
import { useSession } from "../data/session-context.js";
import { hasCode } from "../data/use-loaded.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { Card } from "../parts/card.js";
import { Problem } from "../parts/problem.js";
import { hrefOf, withQuery } from "../shell/route.js";
import { formatCount, formatDateTime } from "../text/format.js";
import { CellsCard } from "./cells-card.js";
import { CohortBarsCard } from "./cohort-bars-card.js";
import { DownloadLinks } from "./download-links.js";
import { FormulaCard } from "./formula-card.js";
import { MixCard } from "./mix-card.js";
import { QuantilesCard, ScoresCard } from "./scores-card.js";
import { shareText } from "./numbers.js";
import { useDrift } from "./use-drift.js";
import { VerdictBadge } from "./verdict-badge.js";
import { cohortText } from "./verdict-looks.js";
import { ViewChoice } from "./view-choice.js";
import type { View } from "./view-query.js";

interface FeaturePageProps {
  readonly live: LiveState;
  readonly model: string;
  readonly feature: string;
  readonly view: View;
}

interface Shown {
  readonly model: ModelDriftData;
  /** Null for a window or cohort that is not shown; `why` says so. */
  readonly feature: FeatureData | null;
  readonly why: string | null;
}

/** One feature: reference against now, the number and its limit in words, and where in the fleet it comes from. */
export function FeaturePage({ live, model, feature, view }: FeaturePageProps) {
  const { data, error } = useFeature({ live, model, feature, view });
  return (
    <div className="page-grid" data-testid="drift-feature-page">
      <p className="span-12 back-link">
        <a href={withQuery(hrefOf("drift", model), { ...view })}>
          <span aria-hidden="true">← </span>
          {model}
        </a>
      </p>
      {error !== null && <Problem error={error} testId="drift-problem" />}
      {data === null ? (
        error === null && <div className="card skeleton span-12 skeleton-hero" aria-busy="true" />
      ) : (
        <>
          <HeadCard shown={data} name={feature} view={view} />
          {data.feature !== null && <FeatureCards feature={data.feature} view={view} />}
        </>
      )}
    </div>
  );
}

function useFeature({ live, model, feature, view }: FeaturePageProps) {
  const { api } = useSession();
  const { version, cohort, window: chosen } = view;
  const load = useCallback(
    async (signal: AbortSignal): Promise<Shown> => {
      const query = { version, cohort, window: chosen };
      const path = `/v1/drift/models/${encodeURIComponent(model)}`;
      const ofModel = await api.get<ModelDriftData>(path, query, signal);
      try {
        const name = encodeURIComponent(feature);
        const found = await api.get<FeatureData>(`${path}/features/${name}`, query, signal);
        return { model: ofModel, feature: found, why: null };
      } catch (cause) {
        if (!(cause instanceof Error) || !hasCode(cause, "DATA_MISSING")) throw cause;
        return { model: ofModel, feature: null, why: cause.message };
      }
    },
    [api, model, feature, version, cohort, chosen],
  );
  return useDrift(live, model, load);
}

function HeadCard(props: { readonly shown: Shown; readonly name: string; readonly view: View }) {
  const { shown, name, view } = props;
  const { model, feature } = shown;
  const path = `/v1/drift/models/${encodeURIComponent(model.model)}/features/${encodeURIComponent(name)}`;
  return (
    <Card
      title={`${name} of ${model.model} v${feature?.version ?? view.version ?? model.version}`}
      className="span-12"
      testId="feature-head"
      aside={<DownloadLinks what={name} path={path} view={view} name={`${model.model}-${name}`} />}
    >
      <div className="drift-head">
        {feature === null ? (
          <p role="status">{shown.why}</p>
        ) : (
          <p className="drift-verdict">
            <VerdictBadge verdict={feature.verdict} />{" "}
            <span>{feature.reason ?? "no effect is above its limit"}</span>
          </p>
        )}
        {feature !== null && <FeatureFacts feature={feature} model={model} />}
        <ViewChoice model={model} view={view} href={hrefOf("drift", model.model, name)} />
      </div>
    </Card>
  );
}

function FeatureFacts({ feature, model }: { readonly feature: FeatureData; readonly model: ModelDriftData }) {
  const begin = model.recent.find(({ window }) => window === feature.window)?.beginsAtMs;
  const facts: readonly (readonly [string, string])[] = [
    ["Window", begin === undefined ? String(feature.window) : formatDateTime(begin)],
    ["Cohort", cohortText(feature.cohort)],
    ["Devices", formatCount(feature.numDevices)],
    ["Rows", formatCount(feature.numRows)],
    ["Missing", shareText(feature.missing)],
    [feature.kind === "numeric" ? "Out of range" : "Unseen", shareText(feature.outOfRange)],
    ["Role", `${feature.role}, ${feature.privacy}`],
    ["Importance", String(feature.importance)],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function FeatureCards({ feature, view }: { readonly feature: FeatureData; readonly view: View }) {
  return (
    <>
      <CellsCard feature={feature} />
      <FormulaCard feature={feature} />
      <CohortBarsCard feature={feature} view={view} />
      <MixCard feature={feature} />
      <QuantilesCard feature={feature} />
      <ScoresCard feature={feature} />
    </>
  );
}
