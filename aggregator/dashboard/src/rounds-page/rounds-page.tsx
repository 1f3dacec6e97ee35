import { useMemo, useState } from "react";
import { shownTask, type FleetState, type OverviewData, type TaskData } from "../data/fleet-state.js";
import { AccuracyCard, LossCard } from "./learning-charts.js";
import { FleetCard } from "./fleet-card.js";
import { GettingStarted } from "./getting-started.js";
import { OutcomesCard, TrafficCard } from "./round-charts.js";
import { RoundsTable } from "./rounds-table.js";
import { Stats } from "./stats.js";
import { TaskCard } from "./task-card.js";
import { VersionsTable } from "./versions-table.js";

/** How the task that runs is doing: its phase, its curve, its losses and its versions. */
export function RoundsPage({ state }: { readonly state: FleetState }) {
  const [chosenId, setChosenId] = useState<string | null>(null);
  const overview = state.overview;
  if (overview === null) return null;
  const task = shownTask(overview.tasks, chosenId);
  return (
    <div className="page-grid">
      {task === null ? (
        <GettingStarted overview={overview} />
      ) : (
        <TaskCard task={task} tasks={overview.tasks} onChoose={setChosenId} />
      )}
      <Stats overview={overview} task={task} />
      {task !== null && <TaskCharts state={state} task={task} />}
      <FleetCard overview={overview} />
      <ModelVersions state={state} overview={overview} task={task} />
      {task !== null && <RoundsTable rounds={state.roundsOfTask[task.config.taskId] ?? []} />}
    </div>
  );
}

function TaskCharts({ state, task }: { readonly state: FleetState; readonly task: TaskData }) {
  const rounds = state.roundsOfTask[task.config.taskId];
  const versions = state.versionsOfModel[task.config.model];
  return useMemo(
    () => (
      <>
        <AccuracyCard versions={versions ?? []} target={task.config.targetAccuracy} />
        <LossCard versions={versions ?? []} />
        <OutcomesCard rounds={rounds ?? []} />
        <TrafficCard rounds={rounds ?? []} />
      </>
    ),
    [rounds, versions, task.config.targetAccuracy],
  );
}

function ModelVersions(props: {
  readonly state: FleetState;
  readonly overview: OverviewData;
  readonly task: TaskData | null;
}) {
  const { state, overview, task } = props;
  const model = task?.config.model ?? overview.models[0]?.model ?? null;
  const versions = model === null ? [] : (state.versionsOfModel[model] ?? []);
  return <VersionsTable model={model} versions={versions} overview={overview} />;
}
