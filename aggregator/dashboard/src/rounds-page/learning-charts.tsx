import type { VersionData } from "../data/fleet-state.js";
import { ChartCard } from "../charts/chart-card.js";
import type { ChartSeries, ChartSpec } from "../charts/chart-spec.js";
import { formatFraction, formatLoss } from "../text/format.js";

const EMPTY = "The curve starts when the first version has been evaluated.";

export function AccuracyCard(props: {
  readonly versions: readonly VersionData[];
  readonly target: number | null;
}) {
  const points = evaluated(props.versions).filter((point) => point.accuracy !== null);
  const last = points.at(-1);
  const accuracy: ChartSeries = {
    name: "Accuracy",
    colour: "accuracy",
    values: points.map((point) => point.accuracy),
  };
  const { target } = props;
  const goal: ChartSeries[] =
    target === null ? [] : [{ name: "Goal", colour: "goal", values: points.map(() => target), isGoal: true }];
  const spec: ChartSpec = {
    kind: "line",
    axis: "Version",
    labels: points.map((point) => point.version),
    series: [accuracy, ...goal],
    format: formatFraction,
    formatTick: (value) => `${Number((value * 100).toFixed(2))} %`,
    most: 1,
  };
  const summary =
    last === undefined
      ? EMPTY
      : `Version ${last.version} reached ${formatFraction(last.accuracy)} on held-out data.`;
  return (
    <ChartCard
      title="Accuracy by version"
      className="span-6"
      testId="chart-accuracy"
      {...{ spec, summary, empty: EMPTY }}
    />
  );
}

export function LossCard({ versions }: { readonly versions: readonly VersionData[] }) {
  const points = evaluated(versions);
  const last = points.at(-1);
  const spec: ChartSpec = {
    kind: "line",
    axis: "Version",
    labels: points.map((point) => point.version),
    series: [{ name: "Loss", colour: "loss", values: points.map((point) => point.loss) }],
    format: formatLoss,
    formatTick: (value) => String(Number(value.toFixed(4))),
  };
  const summary =
    last === undefined ? EMPTY : `Version ${last.version} has a mean loss of ${formatLoss(last.loss)}.`;
  return (
    <ChartCard
      title="Loss by version"
      className="span-6"
      testId="chart-loss"
      {...{ spec, summary, empty: EMPTY }}
    />
  );
}

interface Point {
  readonly version: number;
  readonly accuracy: number | null;
  readonly loss: number;
}

/** The newest evaluation of every version that has one. */
function evaluated(versions: readonly VersionData[]): readonly Point[] {
  return versions.flatMap(({ version, evaluations }) => {
    const newest = evaluations.at(-1);
    return newest === undefined ? [] : [{ version, accuracy: newest.accuracy, loss: newest.loss }];
  });
}
