import { sampleBeforehand } from "./comparisons/two-proportions.js";
import type { RolloutConfig } from "./rollout-config.js";

/** One line of what was decided before the start: `Tried on the device`, `kept after 100 predictions or 1 h`. */
export type PlanLine = readonly [name: string, text: string];

/** A rollout's conditions and policies in words, for people who read them before it starts. */
export function planLines(config: RolloutConfig): readonly PlanLine[] {
  return [
    ...comparisonLines(config),
    ...installLines(config),
    ["A wave passes", passText(config)],
    ["Failed installations", errorsText(config)],
    [
      "A device gets",
      `${times(config.maxAttempts, "attempt")}, each at most ${spanText(config.inProgressTimeoutMs)}`,
    ],
    ["Told at once", rateText(config)],
    ["Aborted", `devices in the middle of it ${config.onAbort === "finish" ? "finish" : "are called back"}`],
  ];
}

/** Why a device is in this wave: `5 % of tag == x by hash, soaks 4 h, then a person promotes it`. */
export function waveText({ percent, filter, soakMs, isManual }: RolloutConfig["waves"][number]): string {
  const whom = filter === undefined || filter === "" ? "" : ` of ${filter}`;
  const next = isManual === true ? "then a person promotes it" : "then the next";
  return `${percent} %${whom} by hash, soaks ${spanText(soakMs)}, ${next}`;
}

/** What a comparison states before it starts, with the sample that its power takes. Null where nothing is compared. */
export function comparisonText({ kind, version, arms, comparison }: RolloutConfig): string | null {
  if (kind === "release") return null;
  if (kind === "shadow") {
    const until = comparison === undefined ? "until it is aborted" : `for ${spanText(comparison.horizonMs)}`;
    return `version ${version} runs beside what devices serve ${until}; agreement is counted, and by labels who is right; nothing of it is served`;
  }
  if (arms === undefined || comparison === undefined) return null;
  const { metric, horizonMs, minDetectableEffect, alpha, power } = comparison;
  const [control, ...others] = arms;
  const shares = kind === "ab" ? "in equal shares" : "in shares that follow what is counted";
  return [
    `version ${control} against ${others.join(", ")} by ${metric}, ${shares}, decided after ${spanText(horizonMs)};`,
    `a difference of ${share(minDetectableEffect)} is found ${share(power)} of the time at a level of ${share(alpha)}`,
    `from about ${sampleBeforehand(comparison)} observations of each version, fewer of what is rare`,
  ].join(" ");
}

function comparisonLines(config: RolloutConfig): readonly PlanLine[] {
  const text = comparisonText(config);
  return text === null ? [] : [["Compares", text]];
}

function installLines({ install, kind }: RolloutConfig): readonly PlanLine[] {
  if (kind === "shadow") return [];
  if (install === undefined) return [["Tried on the device", "kept as soon as it loads and answers"]];
  const { probation, stateDeadlineMs, maxActivations, maxCrashes, rollback } = install;
  const { minPredictions, minDurationMs, deadlineMs, allowsOffline } = probation;
  const server = allowsOffline ? "no word of the server is needed" : "and once the server was heard";
  return [
    [
      "Tried on the device",
      `kept after ${times(minPredictions, "prediction")} or ${spanText(minDurationMs)}, ${server}; failed at ${spanText(deadlineMs)}`,
    ],
    [
      rollback === "automatic" ? "Goes back by itself" : "Said to have failed, but stays",
      limitsText(install),
    ],
    ...(install.onDrift === "back" ? [DRIFTED] : []),
    [
      "Before that",
      `at most ${spanText(stateDeadlineMs)} for each step, ${times(maxActivations, "activation")}, ${times(maxCrashes, "crash", "crashes")}`,
    ],
  ];
}

const DRIFTED: PlanLine = [
  "Goes back later, too",
  "when the device's own monitor says that its data have drifted or are broken",
];

function limitsText({ probation }: NonNullable<RolloutConfig["install"]>): string {
  const { maxErrorRate, maxLatencyRatio, maxMemoryGrowthBytes } = probation;
  return [
    `above ${share(maxErrorRate)} errors`,
    `above ${maxLatencyRatio} times the latency of the version before`,
    ...(maxMemoryGrowthBytes === null
      ? []
      : [`above ${Math.round(maxMemoryGrowthBytes / 1e6)} MB more memory`]),
  ].join(", ");
}

function passText({ gates: { install, metrics } }: RolloutConfig): string {
  const gates = metrics.map(({ metric, segment }) =>
    segment === undefined ? metric : `${metric} of ${segment}`,
  );
  const also = gates.length === 0 ? "" : `; no worse than the control: ${gates.join(", ")}`;
  return `${share(install.minSuccess)} of the reached devices keep it, ${share(install.minReached)} are reached${also}`;
}

function errorsText({ gates: { install }, rollBackUpToPercent }: RolloutConfig): string {
  const when = `above ${share(install.maxErrors)} of at least ${times(install.minReports, "report")}`;
  if (install.onErrors !== "roll-back") return `${when} it pauses`;
  return `${when} devices are brought back in waves of up to ${rollBackUpToPercent} %; larger waves pause`;
}

function rateText({ rate }: RolloutConfig): string {
  if (rate === null) return "as many devices as there are";
  const { basePerMinute, factor, growAt, maxPerMinute } = rate;
  const grows = factor > 1 && maxPerMinute > basePerMinute;
  const growth = grows
    ? `, ${factor} times as many with every ${growAt} that keep it, up to ${maxPerMinute}`
    : "";
  return `${times(basePerMinute, "device")} per minute${growth}`;
}

const SPANS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** The two largest units that are not zero: `1 d 2 h`. */
function spanText(durationMs: number): string {
  if (durationMs < 1000) return `${durationMs} ms`;
  let restMs = durationMs;
  const parts = SPANS.flatMap(([unit, unitMs]) => {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    return count > 0 ? [`${count} ${unit}`] : [];
  });
  return parts.slice(0, 2).join(" ");
}

function share(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(6))} %`;
}

function times(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Said of a rollout to a version that the fleet ran lately (R24). */
export const RETURN_TEXT =
  "The fleet ran this version lately: waves of a return neither soak nor wait for metric gates.";

/** Whether a gate passes from its limit on: of installations the share that committed counts, and more is better. */
export function passesAtLimit(gate: string): boolean {
  return gate === "install";
}
