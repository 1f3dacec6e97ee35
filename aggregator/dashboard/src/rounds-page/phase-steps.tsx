import type { LiveRoundData, TaskData } from "../data/fleet-state.js";
import { formatCount } from "../text/format.js";

type Phase = "selecting" | "reporting" | "aggregating";

const STEPS: readonly { readonly phase: Phase; readonly title: string }[] = [
  { phase: "selecting", title: "Selecting" },
  { phase: "reporting", title: "Reporting" },
  { phase: "aggregating", title: "Aggregating" },
];

/** The three phases of the round under way and the devices in each. */
export function PhaseSteps(props: {
  readonly round: LiveRoundData | null;
  readonly status: TaskData["status"];
}) {
  const phase = props.round?.phase ?? null;
  return (
    <ol className="phases" aria-label="Phases of the round" data-testid="phases" data-phase={phase ?? "none"}>
      {STEPS.map((step) => (
        <li
          key={step.phase}
          data-active={step.phase === phase}
          aria-current={step.phase === phase ? "step" : undefined}
        >
          <span className="phase-title">{step.title}</span>
          <span className="phase-counts">{countsOf(step.phase, props.round)}</span>
        </li>
      ))}
    </ol>
  );
}

function countsOf(phase: Phase, round: LiveRoundData | null): string {
  if (round === null) return "no round open";
  switch (phase) {
    case "selecting":
      return `${formatCount(round.numWaiting)} waiting`;
    case "reporting":
      return `${formatCount(round.numTraining)} training · ${formatCount(round.numUploading)} uploading`;
    case "aggregating":
      return `${formatCount(round.numCounted)} of ${formatCount(round.numSelected)} counted`;
  }
}
