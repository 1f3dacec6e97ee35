import { useCallback, useState } from "react";
import type { AlertsAnswer } from "../data/api-types.js";
import { useNowMs } from "../data/server-clock.js";
import { useSession } from "../data/session-context.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { Card } from "../parts/card.js";
import { Problem } from "../parts/problem.js";
import { AlertRow } from "./alert-row.js";
import { DownloadLinks } from "./download-links.js";
import { useDrift } from "./use-drift.js";

const MOST_SHOWN = 50;

/** What people have to know and decide; of one model, or of all where it is null. */
export function AlertsCard({ live, model }: { readonly live: LiveState; readonly model: string | null }) {
  const { api } = useSession();
  const [hasOver, setHasOver] = useState(false);
  const load = useCallback(
    (signal: AbortSignal) => {
      const query = { model: model ?? undefined, open: hasOver ? undefined : "true", limit: MOST_SHOWN };
      return api.get<AlertsAnswer>("/v1/drift/alerts", query, signal);
    },
    [api, model, hasOver],
  );
  const { data, error, reload } = useDrift(live, model, load);
  const nowMs = useNowMs(live.offsetMs, 1000);
  const alerts = data?.alerts ?? [];
  return (
    <Card
      title="Alerts"
      className="span-12"
      testId="alerts-card"
      aside={<Controls hasOver={hasOver} onToggle={() => setHasOver(!hasOver)} />}
    >
      {error !== null && <Problem error={error} />}
      {alerts.length === 0 ? (
        <p className="table-empty" role="status">
          {data === null ? "Loading" : hasOver ? "There has been no alert." : "No open alert."}
        </p>
      ) : (
        <ul className="gate-list" data-testid="alerts">
          {alerts.map((alert) => (
            <AlertRow key={alert.alertId} alert={alert} nowMs={nowMs} onChanged={reload} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Controls(props: { readonly hasOver: boolean; readonly onToggle: () => void }) {
  return (
    <span className="card-controls">
      <button
        type="button"
        className="quiet-button"
        aria-pressed={props.hasOver}
        onClick={props.onToggle}
        data-testid="alerts-over"
      >
        Also those that are over
      </button>
      <DownloadLinks what="alerts" path="/v1/drift/alerts" name="drift-alerts" />
    </span>
  );
}
