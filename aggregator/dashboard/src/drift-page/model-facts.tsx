import type { ModelVerdictData } from "../data/api-types.js";
import { NONE, formatAgo, formatCount, formatDateTime, formatSpan } from "../text/format.js";
import { shareText } from "./numbers.js";

/** Who reports, how much, since when, and when more comes. */
export function ModelFacts({ model, nowMs }: { readonly model: ModelVerdictData; readonly nowMs: number }) {
  return (
    <dl className="facts" data-testid={`facts-${model.model}`}>
      {factsOf(model, nowMs).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(model: ModelVerdictData, nowMs: number): readonly (readonly [string, string])[] {
  const { release, numEligible, sinceMs } = model;
  return [
    ["Devices reporting", `${reportingText(model)} of ${formatCount(numEligible)} that serve it`],
    ["Rows in the window", release === null ? NONE : countOr(release.numRows, "not shown")],
    ["Same verdict since", sinceMs === null ? NONE : formatDateTime(sinceMs)],
    ["Importance in drift", release === null ? NONE : shareText(release.driftedShare)],
    [
      "Labels",
      model.labelCoverage === null ? "none yet" : `${shareText(model.labelCoverage)} of predictions`,
    ],
    ["Open alerts", formatCount(model.numOpenAlerts)],
    ["Window", `${formatSpan(model.windowMs)}; shown from ${formatCount(model.minDevices)} devices on`],
    ["Next release", nextText(model.nextReleaseAtMs, nowMs)],
  ];
}

function reportingText({ release, minDevices }: ModelVerdictData): string {
  if (release === null) return "0";
  return countOr(release.numDevices, `fewer than ${formatCount(minDevices)}`);
}

function countOr(value: number | null, otherwise: string): string {
  return value === null ? otherwise : formatCount(value);
}

function nextText(atMs: number, nowMs: number): string {
  return atMs > nowMs ? `in ${formatSpan(atMs - nowMs)}, if devices count` : `due ${formatAgo(atMs, nowMs)}`;
}
