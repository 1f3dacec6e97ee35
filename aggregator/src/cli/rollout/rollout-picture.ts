import { passesAtLimit } from "../../rollouts/plan-text.js";
import type { GateBody, RolloutBody, WaveBody } from "../../http/schema/rollout-schema.js";
import type { RolloutState, Verdict, WaveState } from "../../rollouts/rollout-view.js";
import { timeText } from "../text.js";
import { comparisonLines } from "./comparison-lines.js";
import { metricText } from "./metric-text.js";
import { span, type Line, type Mood } from "./paint.js";
import { barLegend, countsText, groupCounts, waveBar } from "./wave-bar.js";

const BAR_CELLS = 24;

const STATE_MOODS: Readonly<Record<RolloutState, Mood>> = {
  draft: "dim",
  "waiting-approval": "warn",
  denied: "bad",
  ready: "live",
  scheduled: "live",
  running: "live",
  paused: "warn",
  aborting: "bad",
  aborted: "bad",
  completed: "good",
  "rolling-back": "bad",
  "rolled-back": "bad",
  "rollback-incomplete": "bad",
};

const WAVE_SIGNS: Readonly<Record<WaveState, { readonly sign: string; readonly mood: Mood }>> = {
  pending: { sign: "·", mood: "dim" },
  filling: { sign: "▶", mood: "live" },
  soaking: { sign: "▶", mood: "live" },
  analysing: { sign: "▶", mood: "live" },
  "waiting-promotion": { sign: "‖", mood: "warn" },
  passed: { sign: "✔", mood: "good" },
  failed: { sign: "✖", mood: "bad" },
  inconclusive: { sign: "?", mood: "warn" },
  "rolled-back": { sign: "↩", mood: "bad" },
};

export const VERDICT_SIGNS: Readonly<Record<Verdict, { readonly sign: string; readonly mood: Mood }>> = {
  pass: { sign: "✔", mood: "good" },
  fail: { sign: "✖", mood: "bad" },
  inconclusive: { sign: "?", mood: "warn" },
  error: { sign: "!", mood: "warn" },
};

/** A rollout as a picture of lines: its state and why, its waves as bars, and the gates that matter now. */
export function rolloutPicture(rollout: RolloutBody): Line[] {
  const names = Math.max(...rollout.waves.map(({ name }) => [...name].length));
  const shares = Math.max(...rollout.waves.map((wave) => shareText(wave).length));
  return [
    headLine(rollout),
    [span(`  ${rollout.reason}`)],
    ...(rollout.config.filter === "" ? [] : [[span(`  for ${rollout.config.filter}`, "dim")]]),
    [],
    ...rollout.waves.flatMap((wave) => [
      waveLine(wave, { names, shares }),
      ...shownGates(rollout, wave).map(gateLine),
    ]),
    ...comparisonLines(rollout.comparison),
    [],
    barLegend(),
  ];
}

/** `paused (metric-failed), wave 2 of 5`. */
export function stateText({ state, pauseReason, currentWave, waves }: RolloutBody): string {
  const why = pauseReason === null ? "" : ` (${pauseReason})`;
  return `${state}${why}${currentWave === null ? "" : `, wave ${currentWave + 1} of ${waves.length}`}`;
}

function headLine(rollout: RolloutBody): Line {
  const { model, version, kind } = rollout.config;
  return [
    span(rollout.rolloutId, "strong"),
    span(`  ${model}@${version}  ${kind === "release" ? "" : `${kind}  `}`),
    span(stateText(rollout), STATE_MOODS[rollout.state]),
    span(`  revision ${rollout.revision}`, "dim"),
  ];
}

function waveLine(wave: WaveBody, widths: { readonly names: number; readonly shares: number }): Line {
  const { sign, mood } = WAVE_SIGNS[wave.state];
  const counts = groupCounts(wave);
  const name = wave.name + " ".repeat(widths.names - [...wave.name].length);
  return [
    span(sign, mood),
    span(` ${name}  ${shareText(wave).padStart(widths.shares)}  `),
    ...waveBar(counts, BAR_CELLS),
    span("  "),
    span(wave.state, mood),
    ...(wave.state === "pending" && wave.numTargets === 0
      ? []
      : [span(`: ${countsText(counts)}${reachedText(wave)}${soakText(wave)}`)]),
  ];
}

function shareText({ percent }: WaveBody): string {
  return `${percent} %`;
}

function soakText({ state, soaksUntilMs }: WaveBody): string {
  return state === "soaking" && soaksUntilMs !== null ? `; until ${timeText(soaksUntilMs)}` : "";
}

/** How many were heard of, where that is not everybody: gates judge those. */
function reachedText({ numReached, numTargets, state }: WaveBody): string {
  return state === "pending" || numReached >= numTargets ? "" : `; ${numReached} reached`;
}

/** Of the present wave all; of others what did not pass. */
function shownGates(rollout: RolloutBody, wave: WaveBody): readonly GateBody[] {
  if (wave.index === rollout.currentWave && wave.state !== "passed") return wave.gates;
  return wave.gates.filter(({ verdict }) => verdict !== "pass");
}

function gateLine(gate: GateBody): Line {
  const { sign, mood } = VERDICT_SIGNS[gate.verdict];
  return [span("    "), span(sign, mood), span(` ${gateText(gate)}`)];
}

/** `error-rate in region == eu: 2.10 % against 2.00 %, fails at 3.00 %; why`. */
export function gateText({ gate, segment, value, control, limit, reason }: GateBody): string {
  const numbers = [
    ...(value === null ? [] : [metricText(gate, value)]),
    ...(control === null ? [] : [`against ${metricText(gate, control)}`]),
  ].join(" ");
  const bound =
    limit === null ? "" : `${passesAtLimit(gate) ? "passes" : "fails"} at ${metricText(gate, limit)}`;
  const measured = [numbers, bound].filter((text) => text !== "").join(", ");
  const what = segment === null ? gate : `${gate} in ${segment}`;
  return `${what}: ${[measured, reason].filter((text) => text !== "").join("; ")}`;
}
