import { useState } from "react";
import type { RolloutData } from "../data/api-types.js";
import { useNowMs } from "../data/server-clock.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { BackLink } from "../parts/back-link.js";
import { Card } from "../parts/card.js";
import { Problem } from "../parts/problem.js";
import { ComparisonCard } from "./comparison-card.js";
import { GateList } from "./gate-list.js";
import { HistoryCard } from "./history-card.js";
import { PlanFacts } from "./plan-facts.js";
import { RolloutHead } from "./rollout-head.js";
import { TargetsCard } from "./targets-card.js";
import { useRollout } from "./use-rollout.js";
import { WaveTrack } from "./wave-track.js";

/** One rollout: where it stands and why, what it did, and what can be done about it. */
export function RolloutPage(props: { readonly live: LiveState; readonly rolloutId: string }) {
  const { live, rolloutId } = props;
  const { rollout, error } = useRollout(live, rolloutId);
  const nowMs = useNowMs(live.offsetMs);
  return (
    <div className="page-grid" data-testid="rollout-page">
      <BackLink page="rollouts" text="Rollouts" />
      {rollout === null ? (
        error === null ? (
          <div className="card skeleton span-12 skeleton-hero" aria-busy="true" />
        ) : (
          <Problem error={error} testId="rollout-problem" />
        )
      ) : (
        <>
          <RolloutHead rollout={rollout} nowMs={nowMs} onChanged={live.learn} onDeleted={live.forget} />
          <WavesAndGates rollout={rollout} nowMs={nowMs} />
          <ComparisonCard rollout={rollout} />
          <Card title="Conditions and policies" className="span-12" testId="plan-card">
            <PlanFacts config={rollout.config} />
          </Card>
          <HistoryCard rollout={rollout} />
          <TargetsCard rollout={rollout} />
        </>
      )}
    </div>
  );
}

function WavesAndGates({ rollout, nowMs }: { readonly rollout: RolloutData; readonly nowMs: number }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const index = chosen ?? rollout.currentWave ?? lastJudged(rollout);
  const wave = rollout.waves[index];
  return (
    <>
      <Card title="Waves" className="span-12" testId="waves-card">
        <WaveTrack rollout={rollout} chosen={index} onChoose={setChosen} nowMs={nowMs} />
      </Card>
      <Card title={`Gates of the wave “${wave?.name ?? ""}”`} className="span-12" testId="gates-card">
        {wave !== undefined && <GateList wave={wave} nowMs={nowMs} />}
      </Card>
    </>
  );
}

/** The last wave that gates have looked at; the first where none has. */
function lastJudged({ waves }: RolloutData): number {
  return waves.reduce((last, wave) => (wave.gates.length > 0 ? wave.index : last), 0);
}
