import type { DeviceId } from "@fedge/protocol";
import { EMPTY_WAVE, type RolloutState, type Target, type Wave } from "./rollout-state.js";
import { installGate } from "./install-gate.js";
import type { GateView, RolloutView, TargetView, WaveState, WaveView } from "./rollout-view.js";

/** The rollout as people see it. */
export function viewOf(state: RolloutState): RolloutView {
  const { config, phase, pauseReason, revision, currentWave, fallbackVersion } = state;
  const reason = reasonOf(state);
  const { createdBy, approvedBy, createdAtMs, changedAtMs, comparison } = state;
  return {
    ...{ rolloutId: config.rolloutId, config, state: phase, pauseReason, reason, revision, currentWave },
    waves: config.waves.map((_, index) => waveViewOf(state, index)),
    ...{ fallbackVersion, releaseCounter: state.backCounter ?? state.counters[config.version] ?? null },
    ...{ createdBy, approvedBy, createdAtMs, changedAtMs, comparison },
  };
}

const DOING: Readonly<Record<WaveState, string>> = {
  pending: "opens",
  filling: "is filled",
  soaking: "soaks",
  analysing: "is analysed",
  "waiting-promotion": "waits for promotion",
  passed: "has passed",
  failed: "has failed",
  inconclusive: "is undecided",
  "rolled-back": "is rolled back",
};

/** What runs is explained by its wave, everything else by what brought it there. */
function reasonOf(state: RolloutState): string {
  const { phase, reason, currentWave, config, waves } = state;
  if (phase !== "running") return reason;
  if (currentWave === null) return "its release is signed";
  const { name = "" } = config.waves[currentWave] ?? {};
  const isWaiting = !state.isWindowOpen && state.queue.length > 0;
  const doing = isWaiting
    ? "waits for its maintenance window"
    : DOING[(waves[currentWave] ?? EMPTY_WAVE).state];
  return `wave ${currentWave + 1} of ${waves.length}, "${name}", ${doing}`;
}

function waveViewOf({ config, waves }: RolloutState, index: number): WaveView {
  const { name = "", percent = 0 } = config.waves[index] ?? {};
  const wave = waves[index] ?? EMPTY_WAVE;
  const { state, numTargets, numReached, byState, startedAtMs, soaksUntilMs, endedAtMs } = wave;
  const gates = wave.gates.map((gate) => presentGate(gate, wave, config));
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

/** Devices go on reporting after the install gate was looked at; what stopped the wave stays as it was. */
function presentGate(gate: GateView, wave: Wave, { gates }: RolloutState["config"]): GateView {
  if (gate.gate !== "install" || wave.state === "failed" || wave.state === "inconclusive") return gate;
  return installGate(wave, gates.install, Math.max(gate.checkedAtMs, wave.lastLookAtMs ?? 0));
}

export function targetViewOf(deviceId: DeviceId, target: Target): TargetView {
  const { wave, state, attempt, code, message, changedAtMs } = target;
  return { deviceId, wave, state, attempt, code, message, changedAtMs };
}
