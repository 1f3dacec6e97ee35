import { useCallback, useEffect, useId, useState } from "react";
import type { RolloutData, TargetData, TargetListAnswer } from "../data/api-types.js";
import { useSession } from "../data/session-context.js";
import { useLoaded, type Loaded } from "../data/use-loaded.js";
import { usePolling } from "../data/use-polling.js";
import { Badge } from "../parts/badge.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { Pager } from "../parts/pager.js";
import { Problem } from "../parts/problem.js";
import { hrefOf } from "../shell/route.js";
import { NONE, formatDateTime } from "../text/format.js";
import { causeWords, stateWords } from "./target-words.js";
import { TARGET_LOOKS, TARGET_STATES } from "./target-looks.js";

const PAGE_SIZE = 50;
const REFRESH_MS = 5000;

/** The rollout's devices and how far each is, those in one state if one is chosen. */
export function TargetsCard({ rollout }: { readonly rollout: RolloutData }) {
  const [state, setState] = useState("");
  const [offset, setOffset] = useState(0);
  const { data, error, isLoading } = useTargets(rollout, state, offset);
  const choose = (chosen: string): void => {
    setState(chosen);
    setOffset(0);
  };
  return (
    <Card
      title="Devices"
      className="span-12 table-card"
      testId="targets-card"
      aside={<StateChoice value={state} onChoose={choose} />}
    >
      {error !== null && <Problem error={error} />}
      <div aria-busy={isLoading}>
        <DataTable
          caption="Devices of this rollout"
          columns={columnsOf(rollout)}
          rows={data?.targets ?? []}
          keyOf={(target) => target.deviceId}
          empty={emptyText(data === null, state)}
          testId="targets-table"
        />
      </div>
      <TargetsPager page={data} onMove={setOffset} />
    </Card>
  );
}

type TargetPage = TargetListAnswer & { readonly offset: number };

function useTargets({ rolloutId, revision }: RolloutData, state: string, offset: number): Loaded<TargetPage> {
  const { api } = useSession();
  const load = useCallback(
    async (signal: AbortSignal): Promise<TargetPage> => {
      const query = { limit: PAGE_SIZE, offset, state: state === "" ? undefined : state };
      const path = `/v1/rollouts/${encodeURIComponent(rolloutId)}/targets`;
      return { ...(await api.get<TargetListAnswer>(path, query, signal)), offset };
    },
    [api, rolloutId, state, offset],
  );
  const loaded = useLoaded(load);
  usePolling(loaded.reload, REFRESH_MS);
  useEffect(loaded.reload, [loaded.reload, revision]);
  return loaded;
}

function TargetsPager(props: {
  readonly page: TargetPage | null;
  readonly onMove: (offset: number) => void;
}) {
  const { offset, targets, total } = props.page ?? { offset: 0, targets: [], total: 0 };
  return (
    <Pager
      offset={offset}
      numShown={targets.length}
      pageSize={PAGE_SIZE}
      total={total}
      hasMore={offset + targets.length < total}
      onMove={props.onMove}
      what="devices"
    />
  );
}

function StateChoice(props: { readonly value: string; readonly onChoose: (state: string) => void }) {
  const id = useId();
  return (
    <span className="state-choice">
      <label htmlFor={id}>State</label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => props.onChoose(event.target.value)}
        data-testid="target-state"
      >
        <option value="">all</option>
        {TARGET_STATES.map((state) => (
          <option key={state} value={state}>
            {TARGET_LOOKS[state].name}
          </option>
        ))}
      </select>
    </span>
  );
}

function columnsOf({ waves }: RolloutData): readonly Column<TargetData>[] {
  return [
    {
      title: "Device",
      cell: ({ deviceId }) => (
        <a href={hrefOf("fleet", deviceId)} className="id-link">
          {deviceId}
        </a>
      ),
    },
    { title: "Wave", cell: ({ wave }) => waves[wave]?.name ?? String(wave + 1) },
    {
      title: "State",
      cell: ({ state }) => (
        <span title={stateWords(state)}>
          <Badge tone={TARGET_LOOKS[state].tone}>{TARGET_LOOKS[state].name}</Badge>
        </span>
      ),
    },
    { title: "Attempt", isNumber: true, cell: ({ attempt }) => attempt },
    { title: "Code", cell: ({ code }) => (code === null ? NONE : <code>{code}</code>) },
    { title: "Cause", cell: (target) => <span className="wrapped">{causeWords(target) ?? NONE}</span> },
    { title: "Since", cell: ({ changedAtMs }) => formatDateTime(changedAtMs) },
  ];
}

function emptyText(isFirst: boolean, state: string): string {
  if (isFirst) return "Loading";
  return state === "" ? "No device belongs to it yet." : "No device is in this state.";
}
