import type { DeviceId } from "@fedge/protocol";
import { EMPTY_WAVE, type RolloutState, type Target } from "./rollout-state.js";
import type { RolloutView, TargetView, WaveView } from "./rollout-view.js";

/** The rollout as people see it. */
export function viewOf(state: RolloutState): RolloutView {
  const { config, phase, pauseReason, reason, revision, currentWave, fallbackVersion } = state;
  const { createdBy, approvedBy, createdAtMs, changedAtMs, comparison } = state;
  return {
    ...{ rolloutId: config.rolloutId, config, state: phase, pauseReason, reason, revision, currentWave },
    waves: config.waves.map((_, index) => waveViewOf(state, index)),
    ...{ fallbackVersion, releaseCounter: state.backCounter ?? state.counters[config.version] ?? null },
    ...{ createdBy, approvedBy, createdAtMs, changedAtMs, comparison },
  };
}

function waveViewOf({ config, waves }: RolloutState, index: number): WaveView {
  const { name = "", percent = 0 } = config.waves[index] ?? {};
  const wave = waves[index] ?? EMPTY_WAVE;
  const { state, numTargets, numReached, byState, gates, startedAtMs, soaksUntilMs, endedAtMs } = wave;
  return {
    index,
    name,
    percent,
    state,
    numTargets,
    numReached,
    byState,
    gates,
    startedAtMs,
    soaksUntilMs,
    endedAtMs,
  };
}

export function targetViewOf(deviceId: DeviceId, target: Target): TargetView {
  const { wave, state, attempt, code, message, changedAtMs } = target;
  return { deviceId, wave, state, attempt, code, message, changedAtMs };
}
