import { useState } from "react";
import { Card } from "../parts/card.js";
import { DataTable } from "../parts/data-table.js";
import { NONE } from "../text/format.js";
import { ChartCanvas } from "./chart-canvas.js";
import type { ChartSpec } from "./chart-spec.js";

export interface ChartCardProps {
  readonly title: string;
  /** The picture in one sentence. */
  readonly summary: string;
  readonly spec: ChartSpec;
  readonly className: string;
  readonly testId: string;
  /** What to say while there is nothing to draw. */
  readonly empty: string;
}

/** A chart and, at the press of a button and in the same place, its numbers as a table. */
export function ChartCard(props: ChartCardProps) {
  const [isTable, setIsTable] = useState(false);
  const { spec } = props;
  return (
    <Card
      title={props.title}
      className={`chart-card ${props.className}`}
      testId={props.testId}
      aside={
        <button
          type="button"
          className="quiet-button"
          aria-pressed={isTable}
          onClick={() => setIsTable(!isTable)}
        >
          {isTable ? "Chart" : "Table"}
          <span className="visually-hidden">: show {props.title} this way</span>
        </button>
      }
    >
      <Legend spec={spec} />
      <div className="chart-area">
        {spec.labels.length === 0 ? (
          <p className="chart-empty">{props.empty}</p>
        ) : isTable ? (
          <ChartTable title={props.title} spec={spec} />
        ) : (
          <ChartCanvas spec={spec} label={`${props.title}. ${props.summary}`} />
        )}
      </div>
    </Card>
  );
}

function Legend({ spec }: { readonly spec: ChartSpec }) {
  return (
    <ul className="legend" aria-label="Legend">
      {spec.series.map((series) => (
        <li key={series.name}>
          <span
            className={`legend-key colour-${series.colour}`}
            data-goal={series.isGoal === true}
            aria-hidden="true"
          />
          {series.name}
        </li>
      ))}
    </ul>
  );
}

function ChartTable({ title, spec }: { readonly title: string; readonly spec: ChartSpec }) {
  const rows = spec.labels.map((label, index) => ({ label, index })).reverse();
  return (
    <DataTable
      caption={title}
      rows={rows}
      keyOf={(row) => row.label}
      empty="No data"
      columns={[
        { title: spec.axis, isNumber: true, cell: (row) => row.label },
        ...spec.series.map((series) => ({
          title: series.name,
          isNumber: true,
          cell: (row: { readonly index: number }) => {
            const value = series.values[row.index] ?? null;
            return value === null ? NONE : spec.format(value);
          },
        })),
      ]}
    />
  );
}
