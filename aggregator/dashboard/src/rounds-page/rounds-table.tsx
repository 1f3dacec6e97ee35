import { useMemo } from "react";
import type { RoundData } from "../data/fleet-state.js";
import { Badge, type Tone } from "../parts/badge.js";
import { Card } from "../parts/card.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { NONE, formatBytes, formatCount, formatDuration, formatLoss, formatTime } from "../text/format.js";
import { OUTCOMES } from "./outcomes.js";

const MAX_ROUNDS = 12;
const TONES: Readonly<Record<RoundData["outcome"], Tone>> = {
  open: "busy",
  committed: "good",
  abandoned: "bad",
};

const FIRST_COLUMNS: readonly Column<RoundData>[] = [
  { title: "Round", isNumber: true, cell: (round) => round.number },
  { title: "Outcome", cell: (round) => <Badge tone={TONES[round.outcome]}>{outcomeText(round)}</Badge> },
  { title: "Version", isNumber: true, cell: (round) => round.version ?? NONE },
  { title: "Selected", isNumber: true, cell: (round) => formatCount(round.numSelected) },
];

const LAST_COLUMNS: readonly Column<RoundData>[] = [
  { title: "Examples", isNumber: true, cell: (round) => formatCount(round.numExamples) },
  { title: "Device loss", isNumber: true, cell: lossText },
  { title: "Up", isNumber: true, cell: (round) => formatBytes(round.bytesUp) },
  { title: "Down", isNumber: true, cell: (round) => formatBytes(round.bytesDown) },
  { title: "Took", isNumber: true, cell: durationText },
  { title: "Opened", isNumber: true, cell: (round) => formatTime(round.openedAtMs) },
];

/** The last rounds, newest first. */
export function RoundsTable({ rounds }: { readonly rounds: readonly RoundData[] }) {
  const rows = useMemo(() => rounds.slice(-MAX_ROUNDS).reverse(), [rounds]);
  return (
    <Card title="Last rounds" className="span-12 table-card" testId="rounds-card">
      <DataTable
        caption="Last rounds, newest first"
        columns={columnsFor(rows)}
        rows={rows}
        keyOf={(round) => round.roundId}
        empty="No round has been opened yet."
        testId="rounds-table"
      />
    </Card>
  );
}

/** What no device met with needs no column. */
function columnsFor(rows: readonly RoundData[]): readonly Column<RoundData>[] {
  const met = OUTCOMES.filter(({ countOf }, at) => at === 0 || rows.some((round) => countOf(round) > 0));
  const outcomes = met.map(({ name, countOf }) => ({
    title: name,
    isNumber: true,
    cell: (round: RoundData) => formatCount(countOf(round)),
  }));
  return [...FIRST_COLUMNS, ...outcomes, ...LAST_COLUMNS];
}

function outcomeText(round: RoundData): string {
  return round.abandonReason === null
    ? round.outcome
    : `${round.outcome}: ${round.abandonReason.replaceAll("-", " ")}`;
}

function lossText(round: RoundData): string {
  if (round.meanLossBefore === null || round.meanLossAfter === null) return NONE;
  return `${formatLoss(round.meanLossBefore)} → ${formatLoss(round.meanLossAfter)}`;
}

function durationText(round: RoundData): string {
  return round.closedAtMs === null ? NONE : formatDuration(round.closedAtMs - round.openedAtMs);
}
