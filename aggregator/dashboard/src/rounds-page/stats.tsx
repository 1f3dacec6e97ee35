import type { OverviewData, TaskData } from "../data/fleet-state.js";
import { StatTile } from "../parts/stat-tile.js";
import { NONE, formatBytes, formatCompact, formatFraction } from "../text/format.js";

/** The four numbers that one looks at first. */
export function Stats({
  overview,
  task,
}: {
  readonly overview: OverviewData;
  readonly task: TaskData | null;
}) {
  const { fleet } = overview;
  const model = task?.config.model ?? overview.models[0]?.model;
  const release = overview.releases.find((candidate) => candidate.model === model);
  return (
    <div className="stats span-12">
      <StatTile
        testId="stat-devices"
        label="Devices"
        value={formatCompact(fleet.total)}
        detail={`${formatCompact(fleet.byPresence["online"] ?? 0)} online`}
      />
      <StatTile
        testId="stat-accuracy"
        label="Best accuracy"
        value={formatFraction(task?.bestAccuracy ?? null)}
        detail={goalText(task)}
      />
      <StatTile
        testId="stat-release"
        label="Released version"
        value={release === undefined ? NONE : `v${release.version}`}
        detail={model === undefined ? "no model yet" : model}
      />
      <StatTile
        testId="stat-traffic"
        label="Data up"
        value={formatBytes(overview.bytesUp)}
        detail={`${formatBytes(overview.bytesDown)} down`}
      />
    </div>
  );
}

function goalText(task: TaskData | null): string {
  if (task === null) return "no task yet";
  const goal = task.config.targetAccuracy;
  return goal === null ? "on held-out data" : `goal ${formatFraction(goal)}`;
}
