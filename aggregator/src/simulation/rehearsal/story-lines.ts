import { gateText } from "../../cli/rollout/rollout-picture.js";
import type { RolloutView, WaveView } from "../../rollouts/rollout-view.js";

/** What happened between two looks at a rollout, in sentences: its state, its waves, and what gates came to say. */
export function storyLines(before: RolloutView | null, after: RolloutView): string[] {
  const isSame = before?.state === after.state;
  return [
    ...after.waves.flatMap((wave, index) => gateLines(before?.waves[index], wave)),
    ...after.waves.flatMap((wave, index) => waveLines(before?.waves[index], wave)),
    ...(isSame ? [] : [`${after.state}${after.reason === "" ? "" : ` (${after.reason})`}`]),
  ];
}

function waveLines(before: WaveView | undefined, { name, state, byState, numTargets }: WaveView): string[] {
  if (before === undefined || before.state === state) return [];
  return [`wave "${name}" is ${state}: ${byState.committed ?? 0} of ${numTargets} devices committed`];
}

function gateLines(before: WaveView | undefined, after: WaveView): string[] {
  const known = new Map(before?.gates.map((gate) => [`${gate.gate} ${gate.segment}`, gate.verdict]));
  return after.gates
    .filter((gate) => known.get(`${gate.gate} ${gate.segment}`) !== gate.verdict)
    .map((gate) => `wave "${after.name}": ${gate.verdict}: ${gateText(gate)}`);
}
