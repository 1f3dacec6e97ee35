import { useMemo } from "react";
import { ChartCard } from "../charts/chart-card.js";
import type { ChartSpec } from "../charts/chart-spec.js";
import type { FeatureData } from "../data/api-types.js";
import { shareText } from "./numbers.js";
import { cellShares } from "./cell-shares.js";

/** The reference's shares beside the present ones, cell by cell. */
export function CellsCard({ feature }: { readonly feature: FeatureData }) {
  const shares = useMemo(() => cellShares(feature.cells), [feature]);
  const spec = useMemo<ChartSpec>(
    () => ({
      kind: "bars",
      axis: feature.kind === "numeric" ? "Values from, to" : "Value",
      labels: shares.map(({ name }) => name),
      series: [
        { name: "Reference", colour: "not-needed", values: shares.map(({ reference }) => reference) },
        { name: "Now, each device alike", colour: "accuracy", values: shares.map(({ devices }) => devices) },
        { name: "Now, each row alike", colour: "up", values: shares.map(({ rows }) => rows) },
      ],
      format: shareText,
      formatTick: (value) => `${Number((100 * value).toFixed(1))} %`,
      least: 0,
    }),
    [shares, feature.kind],
  );
  return (
    <ChartCard
      title="Reference against now"
      className="span-12"
      testId="chart-cells"
      empty="There is no cell."
      {...{ spec, summary: summaryOf(shares) }}
    />
  );
}

function summaryOf(shares: ReturnType<typeof cellShares>): string {
  const moved = [...shares].sort(
    (one, other) => Math.abs(other.devices - other.reference) - Math.abs(one.devices - one.reference),
  );
  const words = moved
    .slice(0, 3)
    .map(({ name, reference, devices }) => `${name} from ${shareText(reference)} to ${shareText(devices)}`);
  return `Moved most: ${words.join("; ")}.`;
}
