import { passesAtLimit } from "../../../src/rollouts/plan-text.js";
import type { GateData, WaveData } from "../data/api-types.js";
import { Badge } from "../parts/badge.js";
import { NumberList } from "../parts/number-list.js";
import { formatAgo, formatCount } from "../text/format.js";
import { IntervalChart } from "./interval-chart.js";
import { VERDICT_TONES, metricName, metricText } from "./rollout-looks.js";

/** The gates of a wave: what each says, why, and by which numbers. */
export function GateList({ wave, nowMs }: { readonly wave: WaveData; readonly nowMs: number }) {
  if (wave.gates.length === 0) {
    return <p className="table-empty">No gate has been looked at in this wave yet.</p>;
  }
  return (
    <>
      <ul className="gate-legend quiet" aria-hidden="true">
        <li data-mark="dot">wave minus control, or the wave&rsquo;s value</li>
        <li data-mark="whisker">interval by which it decides</li>
        <li data-mark="zero">no difference</li>
        <li data-mark="limit">the limit</li>
      </ul>
      <ul className="gate-list" data-testid="gates">
        {wave.gates.map((gate) => (
          <GateRow key={`${gate.gate} ${gate.segment ?? ""}`} gate={gate} nowMs={nowMs} />
        ))}
      </ul>
    </>
  );
}

function GateRow({ gate, nowMs }: { readonly gate: GateData; readonly nowMs: number }) {
  const tone = VERDICT_TONES[gate.verdict];
  return (
    <li className="gate" data-tone={tone} data-testid={`gate-${gate.gate}`}>
      <div className="gate-what">
        <h4>
          <Badge tone={tone}>{gate.verdict}</Badge> {metricName(gate.gate)}
        </h4>
        {gate.segment !== null && (
          <p className="quiet">
            only <code>{gate.segment}</code>
          </p>
        )}
        <p>{gate.reason}</p>
        <p className="quiet">checked {formatAgo(gate.checkedAtMs, nowMs)}</p>
      </div>
      <div className="gate-picture">
        <IntervalChart comparison={gate} tone={tone} label={pictureText(gate)} />
        <GateNumbers gate={gate} />
      </div>
    </li>
  );
}

function sampleText({ sample, minSample }: GateData): string {
  return sample < minSample
    ? `${formatCount(sample)} of ${formatCount(minSample)} wanted`
    : formatCount(sample);
}

function GateNumbers({ gate }: { readonly gate: GateData }) {
  const text = (value: number | null): string => (value === null ? "–" : metricText(gate.gate, value));
  const numbers: readonly (readonly [string, string])[] = [
    ["wave", text(gate.value)],
    ...(gate.control === null ? [] : ([["control", text(gate.control)]] as const)),
    ...(gate.limit === null ? [] : ([["limit", text(gate.limit)]] as const)),
    ["sample", sampleText(gate)],
    ...(gate.control === null ? [] : ([["control sample", formatCount(gate.controlSample)]] as const)),
  ];
  return <NumberList numbers={numbers} />;
}

function pictureText({ gate, value, control, interval, limit }: GateData): string {
  const text = (each: number): string => metricText(gate, each);
  if (value === null) return `${metricName(gate)}: no value yet`;
  return [
    `${metricName(gate)}: ${text(value)} in the wave`,
    ...(control === null ? [] : [`${text(control)} in the control cohort`]),
    ...(interval === null ? [] : [`difference between ${text(interval[0])} and ${text(interval[1])}`]),
    ...(limit === null ? [] : [`${passesAtLimit(gate) ? "passes" : "would fail"} at ${text(limit)}`]),
  ].join(", ");
}
