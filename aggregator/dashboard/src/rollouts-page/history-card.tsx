import { useCallback, useEffect } from "react";
import type { HistoryAnswer, HistoryData, RolloutData } from "../data/api-types.js";
import { useSession } from "../data/session-context.js";
import { useLoaded } from "../data/use-loaded.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { Problem } from "../parts/problem.js";
import { formatDateTime } from "../text/format.js";

const COLUMNS: readonly Column<HistoryData>[] = [
  {
    title: "When",
    cell: ({ atMs }) => <time dateTime={new Date(atMs).toISOString()}>{formatDateTime(atMs)}</time>,
  },
  { title: "Who", cell: ({ actor }) => actor },
  { title: "What", cell: ({ event }) => event },
  { title: "Why", cell: ({ reason }) => <span className="wrapped">{reason}</span> },
];

/** What happened to the rollout, by whom and why, newest first. */
export function HistoryCard({ rollout }: { readonly rollout: RolloutData }) {
  const { api } = useSession();
  const { rolloutId, revision } = rollout;
  const load = useCallback(
    (signal: AbortSignal) =>
      api.get<HistoryAnswer>(`/v1/rollouts/${encodeURIComponent(rolloutId)}/history`, {}, signal),
    [api, rolloutId],
  );
  const { data, error, reload } = useLoaded(load);
  useEffect(reload, [reload, revision]);
  return (
    <Card title="History" className="span-12 table-card" testId="history-card">
      {error !== null && <Problem error={error} />}
      <DataTable
        caption="History, newest first"
        columns={COLUMNS}
        rows={[...(data?.history ?? [])].reverse()}
        keyOf={(entry) => entry.seq}
        empty={data === null ? "Loading" : "Nothing has happened yet."}
        testId="history-table"
      />
    </Card>
  );
}
