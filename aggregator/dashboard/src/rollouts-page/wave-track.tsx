import type { RolloutData, WaveData } from "../data/api-types.js";
import { Badge } from "../parts/badge.js";
import { StackedBar } from "../parts/stacked-bar.js";
import { formatCount, formatCountdown } from "../text/format.js";
import { WAVE_TONES, waveStateText } from "./rollout-looks.js";
import { TARGET_GROUPS, countByGroup } from "./target-looks.js";

export interface WaveTrackProps {
  readonly rollout: RolloutData;
  /** The wave whose gates are shown. */
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  readonly nowMs: number;
}

/** The waves as stages on a track, from the first devices to all. */
export function WaveTrack({ rollout, chosen, onChoose, nowMs }: WaveTrackProps) {
  return (
    <>
      <ol className="wave-track" aria-label="Waves" data-testid="waves">
        {rollout.waves.map((wave) => (
          <li
            key={wave.index}
            className="wave"
            data-tone={WAVE_TONES[wave.state]}
            data-state={wave.state}
            aria-current={wave.index === rollout.currentWave ? "step" : undefined}
          >
            <WaveStage
              wave={wave}
              isChosen={wave.index === chosen}
              onChoose={() => onChoose(wave.index)}
              nowMs={nowMs}
            />
          </li>
        ))}
      </ol>
      <ul className="legend wave-legend" aria-label="Colours of the bars">
        {TARGET_GROUPS.map(({ group, colour }) => (
          <li key={group}>
            <span className={`legend-key ${colour}`} aria-hidden="true" />
            {group}
          </li>
        ))}
      </ul>
    </>
  );
}

function WaveStage(props: {
  readonly wave: WaveData;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
  readonly nowMs: number;
}) {
  const { wave, isChosen } = props;
  const counts = countByGroup(wave);
  const parts = TARGET_GROUPS.map(({ group, colour }) => ({ name: group, value: counts[group], colour }));
  return (
    <button
      type="button"
      className="wave-stage"
      aria-pressed={isChosen}
      onClick={props.onChoose}
      data-testid={`wave-${wave.index}`}
    >
      <span className="wave-name">
        <span className="visually-hidden">Wave {wave.index + 1}: </span>
        {wave.name}
      </span>
      <span className="wave-share">{wave.percent} %</span>
      <Badge tone={WAVE_TONES[wave.state]}>{waveStateText(wave.state)}</Badge>
      <StackedBar parts={parts} label={`Devices of ${wave.name}`} />
      <span className="wave-counts">{countsText(wave, counts)}</span>
      <span className="wave-soak">{soakText(wave, props.nowMs)}</span>
    </button>
  );
}

function countsText(wave: WaveData, counts: ReturnType<typeof countByGroup>): string {
  if (wave.numTargets === 0) return wave.state === "pending" ? "not counted yet" : "no devices";
  const failed = counts.failed === 0 ? "" : `, ${formatCount(counts.failed)} failed`;
  const back = counts["rolled back"] === 0 ? "" : `, ${formatCount(counts["rolled back"])} rolled back`;
  return `${formatCount(counts.committed)} of ${formatCount(wave.numTargets)} committed${failed}${back}`;
}

function soakText(wave: WaveData, nowMs: number): string {
  if (wave.state === "soaking" && wave.soaksUntilMs !== null) {
    const leftMs = wave.soaksUntilMs - nowMs;
    return leftMs <= 0 ? "soak over" : `soaks ${formatCountdown(leftMs)} more`;
  }
  const isReached = wave.numTargets > 0 && wave.state !== "pending";
  return isReached ? `${formatCount(wave.numReached)} reached` : "";
}
