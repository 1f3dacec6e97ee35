import { useCallback } from "react";
import type { ModelDriftData } from "../data/api-types.js";
import { useNowMs } from "../data/server-clock.js";
import { useSession } from "../data/session-context.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { BackLink } from "../parts/back-link.js";
import { Card } from "../parts/card.js";
import { Problem } from "../parts/problem.js";
import { hrefOf } from "../shell/route.js";
import { AlertsCard } from "./alerts-card.js";
import { CohortsCard } from "./cohorts-card.js";
import { WaitingCard } from "./drift-start.js";
import { FeaturesCard } from "./features-card.js";
import { HeatMapCard } from "./heat-map-card.js";
import { HiddenCard } from "./hidden-card.js";
import { LocalStatesCard } from "./local-states-card.js";
import { ModelFacts } from "./model-facts.js";
import { OutcomesCard } from "./outcomes-card.js";
import { useDrift } from "./use-drift.js";
import { useWindows } from "./use-windows.js";
import { VerdictBadge } from "./verdict-badge.js";
import { VerdictStrip } from "./verdict-strip.js";
import { ViewChoice } from "./view-choice.js";
import type { View } from "./view-query.js";

interface ModelPageProps {
  readonly live: LiveState;
  readonly model: string;
  readonly view: View;
}

/** One model: its verdict, its alerts, its features, and everything that stands behind them. */
export function ModelPage({ live, model: name, view }: ModelPageProps) {
  const { api } = useSession();
  const { version, cohort, window: chosen } = view;
  const load = useCallback(
    (signal: AbortSignal) => {
      const query = { version, cohort, window: chosen };
      return api.get<ModelDriftData>(`/v1/drift/models/${encodeURIComponent(name)}`, query, signal);
    },
    [api, name, version, cohort, chosen],
  );
  const { data, error } = useDrift(live, name, load);
  return (
    <div className="page-grid" data-testid="drift-model-page">
      <BackLink page="drift" text="Drift" />
      {error !== null && <Problem error={error} testId="drift-problem" />}
      {data === null ? (
        error === null && <div className="card skeleton span-12 skeleton-hero" aria-busy="true" />
      ) : (
        <>
          <HeadCard live={live} model={data} view={view} />
          <ModelCards live={live} model={data} view={view} />
        </>
      )}
    </div>
  );
}

function HeadCard(props: Omit<ModelPageProps, "model"> & { readonly model: ModelDriftData }) {
  const { model, view } = props;
  const nowMs = useNowMs(props.live.offsetMs, 5000);
  return (
    <Card title={`${model.model} v${model.version}`} className="span-12" testId="drift-head">
      <div className="drift-head">
        <p className="drift-verdict">
          <VerdictBadge verdict={model.verdict} /> <span data-testid="drift-reason">{model.reason}</span>
        </p>
        <VerdictStrip recent={model.recent} model={model.model} />
        <ModelFacts model={model} nowMs={nowMs} />
        {model.release !== null && (
          <ViewChoice model={model} view={view} href={hrefOf("drift", model.model)} />
        )}
      </div>
    </Card>
  );
}

function ModelCards(props: Omit<ModelPageProps, "model"> & { readonly model: ModelDriftData }) {
  const { live, model, view } = props;
  const windows = useWindows(live, model.model, view);
  const hasShown = model.cohorts.length > 0;
  return (
    <>
      {hasShown || view.window !== undefined || view.cohort !== undefined ? (
        <FeaturesCard live={live} model={model.model} view={view} />
      ) : (
        <WaitingCard model={model} />
      )}
      {windows.data !== null && windows.data.windows.length > 0 && (
        <HeatMapCard heat={windows.data} windowMs={model.windowMs} view={view} />
      )}
      <AlertsCard live={live} model={model.model} />
      {hasShown && <CohortsCard model={model} view={view} />}
      {model.outcomes !== null && <LocalStatesCard outcomes={model.outcomes} />}
      {model.outcomes !== null && <OutcomesCard outcomes={model.outcomes} others={model.others} />}
      <HiddenCard model={model} windows={windows.data?.windows ?? []} />
    </>
  );
}
