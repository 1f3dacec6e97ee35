import type { RolloutData } from "../data/api-types.js";
import { useNowMs } from "../data/server-clock.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { refusalReason } from "../data/session.js";
import { useSession } from "../data/session-context.js";
import { ActionButton } from "../parts/action-button.js";
import { Badge } from "../parts/badge.js";
import { Card } from "../parts/card.js";
import { CommandLine } from "../parts/command-line.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { TrustNotice } from "../parts/trust-notice.js";
import { StackedBar } from "../parts/stacked-bar.js";
import { hrefOf } from "../shell/route.js";
import { formatAgo, formatCount } from "../text/format.js";
import { NEW_ROLLOUT } from "./new-rollout.js";
import { ROLLOUT_TONES, stateText } from "./rollout-looks.js";
import { rolloutCounts } from "./rollout-counts.js";
import { TARGET_GROUPS } from "./target-looks.js";

/** Rollouts, newest first. */
export function RolloutList({ live }: { readonly live: LiveState }) {
  const { session } = useSession();
  const nowMs = useNowMs(live.offsetMs, 5000);
  const rollouts = live.state.rollouts ?? [];
  return (
    <div className="page-grid" data-testid="rollouts-page">
      {live.state.overview !== null && <TrustNotice overview={live.state.overview} />}
      <Card
        title="Rollouts"
        className="span-12 table-card"
        testId="rollouts-card"
        aside={
          <ActionButton
            label="New rollout"
            tone="main"
            refusal={refusalReason(session, "propose")}
            onPress={() => window.location.assign(hrefOf("rollouts", NEW_ROLLOUT))}
            testId="new-rollout"
          />
        }
      >
        {rollouts.length === 0 ? (
          <FirstRollout isLoading={live.state.rollouts === null} />
        ) : (
          <DataTable
            caption="Rollouts, newest first"
            columns={columnsAt(nowMs)}
            rows={rollouts}
            keyOf={(rollout) => rollout.rolloutId}
            empty=""
            testId="rollouts-table"
          />
        )}
      </Card>
    </div>
  );
}

function columnsAt(nowMs: number): readonly Column<RolloutData>[] {
  return [
    {
      title: "Rollout",
      cell: ({ rolloutId }) => (
        <a href={hrefOf("rollouts", rolloutId)} className="id-link">
          {rolloutId}
        </a>
      ),
    },
    { title: "Version", cell: ({ config }) => `${config.model} v${config.version}` },
    {
      title: "State",
      cell: (rollout) => <Badge tone={ROLLOUT_TONES[rollout.state]}>{stateText(rollout)}</Badge>,
    },
    { title: "Wave", cell: waveText },
    { title: "Devices", cell: (rollout) => <Progress rollout={rollout} /> },
    { title: "By", cell: ({ createdBy }) => createdBy },
    { title: "Changed", cell: ({ changedAtMs }) => formatAgo(changedAtMs, nowMs) },
  ];
}

function waveText({ currentWave, waves }: RolloutData): string {
  return currentWave === null ? `${waves.length} waves` : `${currentWave + 1} of ${waves.length}`;
}

function Progress({ rollout }: { readonly rollout: RolloutData }) {
  const counts = rolloutCounts(rollout);
  const parts = TARGET_GROUPS.map(({ group, colour }) => ({ name: group, value: counts[group], colour }));
  return (
    <span className="list-progress">
      <StackedBar parts={parts} label={`Devices of ${rollout.rolloutId}`} />
      <span className="quiet">
        {counts.total === 0
          ? "not counted yet"
          : `${formatCount(counts.committed)} of ${formatCount(counts.total)}`}
      </span>
    </span>
  );
}

function FirstRollout({ isLoading }: { readonly isLoading: boolean }) {
  if (isLoading) return <p className="table-empty">Loading</p>;
  return (
    <div className="first-rollout" data-testid="first-rollout">
      <p>
        No rollouts yet. A rollout brings a version to the fleet in waves, and stops by itself when a wave
        does badly. Begin with the button above, or in a terminal:
      </p>
      <CommandLine command="fedge rollout create my-model@2 --template staged" />
    </div>
  );
}
