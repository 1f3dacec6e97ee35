import { useCallback } from "react";
import type { DriftModelsAnswer, ModelVerdictData } from "../data/api-types.js";
import { useNowMs } from "../data/server-clock.js";
import { useSession } from "../data/session-context.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { Card } from "../parts/card.js";
import { LoadingPage } from "../parts/loading-page.js";
import { Problem } from "../parts/problem.js";
import { hrefOf } from "../shell/route.js";
import { AlertsCard } from "./alerts-card.js";
import { DownloadLinks } from "./download-links.js";
import { UnmonitoredCard } from "./drift-start.js";
import { ModelFacts } from "./model-facts.js";
import { ALL_VERDICTS, VERDICT_LOOKS } from "./verdict-looks.js";
import { VerdictBadge } from "./verdict-badge.js";
import { VerdictStrip } from "./verdict-strip.js";
import { useDrift } from "./use-drift.js";

/** The verdict on every model that has a reference profile; how the others get one. */
export function DriftList({ live }: { readonly live: LiveState }) {
  const { api } = useSession();
  const load = useCallback(
    (signal: AbortSignal) => api.get<DriftModelsAnswer>("/v1/drift/models", {}, signal),
    [api],
  );
  const { data, error } = useDrift(live, null, load);
  const nowMs = useNowMs(live.offsetMs, 5000);
  if (data === null && error === null) return <LoadingPage />;
  const models = data?.models ?? [];
  return (
    <div className="page-grid" data-testid="drift-page">
      {error !== null && <Problem error={error} testId="drift-problem" />}
      {models.map((model) => (
        <ModelCard key={model.model} model={model} nowMs={nowMs} />
      ))}
      {data !== null && <UnmonitoredCard live={live} monitored={models.map(({ model }) => model)} />}
      {models.length > 0 && (
        <>
          <VerdictLegend />
          <AlertsCard live={live} model={null} />
        </>
      )}
    </div>
  );
}

function ModelCard({ model, nowMs }: { readonly model: ModelVerdictData; readonly nowMs: number }) {
  return (
    <Card
      title={`${model.model} v${model.version}`}
      className="span-12"
      testId={`drift-model-${model.model}`}
      aside={<a href={hrefOf("drift", model.model)}>Features of {model.model}</a>}
    >
      <div className="drift-head">
        <p className="drift-verdict">
          <VerdictBadge verdict={model.verdict} /> <span>{model.reason}</span>
        </p>
        <VerdictStrip recent={model.recent} model={model.model} />
        <ModelFacts model={model} nowMs={nowMs} />
      </div>
    </Card>
  );
}

/** What each sign means. */
function VerdictLegend() {
  return (
    <Card
      title="What the verdicts say"
      className="span-12"
      aside={<DownloadLinks what="verdicts of all models" path="/v1/drift/models" name="drift-models" />}
    >
      <dl className="verdict-legend">
        {ALL_VERDICTS.map((verdict) => (
          <div key={verdict}>
            <dt>
              <VerdictBadge verdict={verdict} />
            </dt>
            <dd>{VERDICT_LOOKS[verdict].meaning}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
