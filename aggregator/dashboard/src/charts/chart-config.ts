import type { ChartData, ChartDataset, ChartOptions } from "chart.js";
import { withOpacity, type ChartColours } from "./chart-colours.js";
import type { ChartSeries, ChartSpec } from "./chart-spec.js";

export function chartData(spec: ChartSpec, colours: ChartColours): ChartData {
  const toDataset = spec.kind === "line" ? lineDataset : barDataset;
  return {
    labels: [...spec.labels],
    datasets: spec.series.map((series) => toDataset(series, colours, spec.labels.length)),
  };
}

function lineDataset(series: ChartSeries, colours: ChartColours, numPoints: number): ChartDataset {
  const colour = colours.series(series.colour);
  const isGoal = series.isGoal === true;
  return {
    type: "line",
    label: series.name,
    data: [...series.values],
    borderColor: colour,
    backgroundColor: withOpacity(colour, 0.12),
    borderWidth: isGoal ? 1.5 : 2,
    borderDash: isGoal ? [5, 5] : [],
    pointRadius: isGoal || numPoints > 40 ? 0 : 2.5,
    pointHoverRadius: isGoal ? 0 : 4,
    pointBackgroundColor: colour,
    fill: !isGoal,
    tension: 0.25,
    spanGaps: true,
  };
}

function barDataset(series: ChartSeries, colours: ChartColours): ChartDataset {
  return {
    type: "bar",
    label: series.name,
    data: [...series.values],
    backgroundColor: colours.series(series.colour),
    borderColor: colours.surface,
    borderWidth: { top: 1, right: 0, bottom: 0, left: 0 },
    borderRadius: 2,
    maxBarThickness: 22,
    categoryPercentage: 0.86,
    barPercentage: 0.92,
  };
}

export function chartOptions(spec: ChartSpec, colours: ChartColours): ChartOptions {
  const isStacked = spec.kind === "stacked-bars";
  const formatTick = spec.formatTick ?? spec.format;
  const ticks = { color: colours.text, font: { size: 11 } };
  return {
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    interaction: { mode: "index", intersect: false },
    layout: { padding: { top: 6 } },
    scales: {
      x: {
        stacked: isStacked,
        grid: { display: false },
        border: { color: colours.grid },
        ticks: { ...ticks, maxRotation: 0, autoSkipPadding: 16 },
        title: { display: true, text: spec.axis, color: colours.text, font: { size: 11 } },
      },
      y: {
        stacked: isStacked,
        ...(spec.least === undefined ? {} : { min: spec.least }),
        ...(spec.most === undefined ? {} : { suggestedMax: spec.most }),
        grid: { color: colours.grid },
        border: { display: false },
        ticks: { ...ticks, maxTicksLimit: 6, callback: (value) => formatTick(Number(value)) },
      },
    },
    plugins: { tooltip: tooltipOptions(spec) },
  };
}

function tooltipOptions(spec: ChartSpec): NonNullable<NonNullable<ChartOptions["plugins"]>["tooltip"]> {
  return {
    padding: 10,
    boxPadding: 4,
    filter: (item) => spec.kind !== "stacked-bars" || item.parsed.y !== 0,
    callbacks: {
      title: (items) => `${spec.axis} ${items[0]?.label ?? ""}`,
      label: (item) => `${item.dataset.label ?? ""}: ${spec.format(item.parsed.y ?? 0)}`,
    },
  };
}
