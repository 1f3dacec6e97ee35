import type { GateData, RolloutData, WaveData } from "../data/api-types.js";
import type { Tone } from "../parts/badge.js";

type RolloutState = RolloutData["state"];
type WaveState = WaveData["state"];
type Verdict = GateData["verdict"];

export const ROLLOUT_TONES: Readonly<Record<RolloutState, Tone>> = {
  draft: "quiet",
  "waiting-approval": "warn",
  denied: "bad",
  ready: "quiet",
  scheduled: "quiet",
  running: "busy",
  paused: "warn",
  aborting: "bad",
  aborted: "bad",
  completed: "good",
  "rolling-back": "bad",
  "rolled-back": "bad",
  "rollback-incomplete": "bad",
};

export const WAVE_TONES: Readonly<Record<WaveState, Tone>> = {
  pending: "quiet",
  filling: "busy",
  soaking: "busy",
  analysing: "busy",
  "waiting-promotion": "warn",
  passed: "good",
  failed: "bad",
  inconclusive: "warn",
  "rolled-back": "bad",
};

export const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = {
  pass: "good",
  fail: "bad",
  inconclusive: "warn",
  error: "warn",
};

const PAUSE_TEXTS: Readonly<Record<NonNullable<RolloutData["pauseReason"]>, string>> = {
  operator: "by a person",
  "error-threshold": "too many devices failed",
  "metric-failed": "a metric got worse",
  inconclusive: "not enough is known",
  "metric-error": "metrics could not be read",
  "wave-finished": "the wave waits for a person",
  lapsed: "its schedule has ended",
};

/** A state as words: `waiting for approval`, `paused: a metric got worse`. */
export function stateText({ state, pauseReason }: Pick<RolloutData, "state" | "pauseReason">): string {
  if (state === "paused" && pauseReason !== null) return `paused: ${PAUSE_TEXTS[pauseReason]}`;
  return state === "waiting-approval" ? "waiting for approval" : state.replaceAll("-", " ");
}

export function waveStateText(state: WaveState): string {
  return state === "waiting-promotion" ? "waits for a person" : state.replaceAll("-", " ");
}

/** Metrics that are a share of something. */
const SHARE = /^(install|prediction-error|accuracy|agreement|proxy:.*|.*-rate)$/;

/** A metric's value for people: shares as per cent, others with four digits. */
export function metricText(metric: string, value: number): string {
  return SHARE.test(metric) ? `${(value * 100).toFixed(2)} %` : String(Number(value.toPrecision(4)));
}

/** A metric's name for people, with its unit where it has one. */
export function metricName(metric: string): string {
  if (metric === "latency-p95") return "latency, 95th percentile (ms)";
  return metric.startsWith("proxy:") ? `proxy ${metric.slice(6)}` : metric.replaceAll("-", " ");
}
