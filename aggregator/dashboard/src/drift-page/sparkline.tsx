import type { FeatureRowData } from "../data/api-types.js";
import { scoreText } from "./numbers.js";

const WIDTH = 104;
const HEIGHT = 26;
const MARGIN = 3;

/** How a score went from window to window, with its limit as a dashed line. */
export function Sparkline({ name, history, limit }: Pick<FeatureRowData, "name" | "history" | "limit">) {
  const scores = history.map(({ score }) => score);
  const [first, last] = [scores[0], scores.at(-1)];
  if (first === undefined || last === undefined) return <span className="quiet">no window</span>;
  const most = Math.max(limit, ...scores) * 1.05 || 1;
  const y = (score: number): number => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * score) / most;
  const step = scores.length < 2 ? 0 : (WIDTH - 2 * MARGIN) / (scores.length - 1);
  const points = scores.map((score, at) => `${MARGIN + at * step},${y(score)}`).join(" ");
  const label = `score of ${name} in ${scores.length} windows: from ${scoreText(first)} to ${scoreText(last)}, highest ${scoreText(Math.max(...scores))}, limit ${scoreText(limit)}`;
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <line className="sparkline-limit" x1="0" x2={WIDTH} y1={y(limit)} y2={y(limit)} />
      <polyline className="sparkline-line" points={points} />
      <circle className="sparkline-end" cx={MARGIN + (scores.length - 1) * step} cy={y(last)} r="2.5" />
    </svg>
  );
}
