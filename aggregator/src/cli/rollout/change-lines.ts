import type { RolloutBody, WaveBody } from "../../http/schema/rollout-schema.js";
import { timeText } from "../text.js";
import { gateText, stateText } from "./rollout-picture.js";
import { countsText, groupCounts } from "./wave-bar.js";

/** What differs between two looks at a rollout, one line each; all that has begun where there was no look before. */
export function changeLines(before: RolloutBody | null, after: RolloutBody): string[] {
  const at = timeText(after.changedAtMs);
  const lines = [
    ...(before !== null && headOf(before) === headOf(after) ? [] : [headOf(after)]),
    ...after.waves.flatMap((wave, index) => waveChanges(before?.waves[index], wave)),
  ];
  return lines.map((line) => `${at}  ${line}`);
}

function headOf(rollout: RolloutBody): string {
  return `${stateText(rollout)}: ${rollout.reason}`;
}

function waveChanges(before: WaveBody | undefined, after: WaveBody): string[] {
  const isNew = before === undefined ? after.state !== "pending" : waveText(before) !== waveText(after);
  const known = new Map(before?.gates.map((gate) => [`${gate.gate} ${gate.segment}`, gate.verdict]));
  const gates = after.gates.filter((gate) => known.get(`${gate.gate} ${gate.segment}`) !== gate.verdict);
  return [
    ...(isNew ? [waveText(after)] : []),
    ...gates.map((gate) => `wave ${after.index + 1}: ${gate.verdict}: ${gateText(gate)}`),
  ];
}

function waveText(wave: WaveBody): string {
  return `wave ${wave.index + 1} (${wave.name}) ${wave.state}: ${countsText(groupCounts(wave))}`;
}
