import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";
import { useEffect, useRef } from "react";
import { useTheme } from "../shell/use-theme.js";
import { chartData, chartOptions } from "./chart-config.js";
import { readChartColours } from "./chart-colours.js";
import type { ChartSpec } from "./chart-spec.js";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
);

/** Draws the spec and follows it in place; `label` says in words what the picture shows. */
export function ChartCanvas({ spec, label }: { readonly spec: ChartSpec; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<Chart | null>(null);
  const theme = useTheme();
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const type = spec.kind === "line" ? "line" : "bar";
    const created = new Chart(canvas.current, { type, data: { labels: [], datasets: [] } });
    chart.current = created;
    return () => created.destroy();
  }, [spec.kind]);
  useEffect(() => {
    if (chart.current === null) return;
    const colours = readChartColours();
    chart.current.data = chartData(spec, colours);
    chart.current.options = chartOptions(spec, colours);
    chart.current.update("none");
  }, [spec, theme]);
  return (
    <div className="chart-box">
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  );
}
