import { intervalPlaces, type Comparison } from "./interval-scale.js";

const WIDTH = 220;
const HEIGHT = 34;
const MIDDLE = 17;

/** A dot with whiskers on a line: where the wave is, how sure that is, and where it would fail. */
export function IntervalChart(props: {
  readonly comparison: Comparison;
  readonly tone: string;
  /** The picture in words. */
  readonly label: string;
}) {
  const places = intervalPlaces(props.comparison);
  if (places === null) return <span className="interval-none quiet">no value yet</span>;
  const at = (place: number): number => place * WIDTH;
  return (
    <svg
      className="interval-chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={props.label}
      data-tone={props.tone}
    >
      <line className="interval-axis" x1="0" x2={WIDTH} y1={MIDDLE} y2={MIDDLE} />
      {places.zero !== null && <Mark className="interval-zero" x={at(places.zero)} />}
      {places.limit !== null && <Mark className="interval-limit" x={at(places.limit)} />}
      {places.whisker !== null && <Whisker from={at(places.whisker[0])} to={at(places.whisker[1])} />}
      <circle className="interval-dot" cx={at(places.dot)} cy={MIDDLE} r="5" />
    </svg>
  );
}

function Mark({ className, x }: { readonly className: string; readonly x: number }) {
  return <line className={className} x1={x} x2={x} y1="3" y2={HEIGHT - 3} />;
}

function Whisker({ from, to }: { readonly from: number; readonly to: number }) {
  return (
    <g className="interval-whisker">
      <line x1={from} x2={to} y1={MIDDLE} y2={MIDDLE} />
      <line x1={from} x2={from} y1={MIDDLE - 5} y2={MIDDLE + 5} />
      <line x1={to} x2={to} y1={MIDDLE - 5} y2={MIDDLE + 5} />
    </g>
  );
}
