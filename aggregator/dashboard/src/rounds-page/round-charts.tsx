import type { RoundData } from "../data/fleet-state.js";
import { ChartCard } from "../charts/chart-card.js";
import type { ChartSpec } from "../charts/chart-spec.js";
import { formatBytes, formatCount } from "../text/format.js";
import { OUTCOMES } from "./outcomes.js";

const MAX_ROUNDS = 40;
const EMPTY = "The first round has not ended yet.";

export function OutcomesCard({ rounds }: { readonly rounds: readonly RoundData[] }) {
  const shown = lastRounds(rounds);
  const spec: ChartSpec = {
    kind: "stacked-bars",
    axis: "Round",
    labels: shown.map((round) => round.number),
    series: OUTCOMES.map(({ name, colour, countOf }) => ({ name, colour, values: shown.map(countOf) })),
    format: formatCount,
    least: 0,
  };
  const last = shown.at(-1);
  const summary =
    last === undefined
      ? EMPTY
      : `Round ${last.number}: ${OUTCOMES.map(({ name, countOf }) => `${countOf(last)} ${name.toLowerCase()}`).join(", ")}.`;
  return (
    <ChartCard
      title="Updates by outcome"
      className="span-6"
      testId="chart-outcomes"
      {...{ spec, summary, empty: EMPTY }}
    />
  );
}

export function TrafficCard({ rounds }: { readonly rounds: readonly RoundData[] }) {
  const shown = lastRounds(rounds);
  const spec: ChartSpec = {
    kind: "bars",
    axis: "Round",
    labels: shown.map((round) => round.number),
    series: [
      { name: "Up (from devices)", colour: "up", values: shown.map((round) => round.bytesUp) },
      { name: "Down (to devices)", colour: "down", values: shown.map((round) => round.bytesDown) },
    ],
    format: formatBytes,
    least: 0,
  };
  const last = shown.at(-1);
  const summary =
    last === undefined
      ? EMPTY
      : `Round ${last.number}: ${formatBytes(last.bytesUp)} up, ${formatBytes(last.bytesDown)} down.`;
  return (
    <ChartCard
      title="Bytes by round"
      className="span-6"
      testId="chart-traffic"
      {...{ spec, summary, empty: EMPTY }}
    />
  );
}

function lastRounds(rounds: readonly RoundData[]): readonly RoundData[] {
  return rounds.slice(-MAX_ROUNDS);
}
