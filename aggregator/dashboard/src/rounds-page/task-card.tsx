import type { LiveRoundData, TaskData } from "../data/fleet-state.js";
import { Badge, type Tone } from "../parts/badge.js";
import { NONE, formatCount, formatDateTime, formatFraction } from "../text/format.js";
import { PhaseSteps } from "./phase-steps.js";

const STATUS: Readonly<Record<TaskData["status"], { tone: Tone; label: string }>> = {
  running: { tone: "busy", label: "Running" },
  paused: { tone: "warn", label: "Paused" },
  completed: { tone: "good", label: "Completed" },
  stopped: { tone: "quiet", label: "Stopped" },
  failed: { tone: "bad", label: "Failed" },
};

export interface TaskCardProps {
  readonly task: TaskData;
  readonly tasks: readonly TaskData[];
  readonly onChoose: (taskId: string) => void;
}

/** The task in view: where it stands and what its round is waiting for. */
export function TaskCard({ task, tasks, onChoose }: TaskCardProps) {
  const status = STATUS[task.status];
  return (
    <section className="card task-card span-12" aria-labelledby="task-title" data-testid="task-card">
      <div className="task-head">
        <div className="task-name">
          <span className="eyebrow">Task</span>
          <h2 id="task-title">
            <span data-testid="task-id">{task.config.taskId}</span>{" "}
            <Badge tone={status.tone}>{status.label}</Badge>
          </h2>
          <p className="task-about">{aboutTask(task)}</p>
        </div>
        {tasks.length > 1 && <TaskChoice task={task} tasks={tasks} onChoose={onChoose} />}
      </div>
      <RoundProgress task={task} />
      <PhaseSteps round={task.liveRound} status={task.status} />
    </section>
  );
}

function aboutTask(task: TaskData): string {
  const goal = task.config.targetAccuracy;
  const parts = [`model ${task.config.model}`, `${task.config.serverOptimizer.kind} on the server`];
  if (goal !== null) parts.push(`until ${formatFraction(goal)} accuracy`);
  parts.push(`since ${formatDateTime(task.createdAtMs)}`);
  return task.statusReason === null ? parts.join(" · ") : `${task.statusReason} · ${parts.join(" · ")}`;
}

function TaskChoice({ task, tasks, onChoose }: TaskCardProps) {
  return (
    <label className="task-choice">
      <span>Show task</span>
      <select
        value={task.config.taskId}
        onChange={(event) => onChoose(event.target.value)}
        data-testid="task-choice"
      >
        {tasks.map((other) => (
          <option key={other.config.taskId} value={other.config.taskId}>
            {other.config.taskId} ({STATUS[other.status].label.toLowerCase()})
          </option>
        ))}
      </select>
    </label>
  );
}

function RoundProgress({ task }: { readonly task: TaskData }) {
  const round = roundNumber(task.liveRound, task.numRounds);
  const { maxRounds } = task.config;
  return (
    <div className="task-progress">
      <p className="task-round">
        <strong data-testid="round-number">
          Round {formatCount(round)} of {formatCount(maxRounds)}
        </strong>
        <span>
          latest version <b data-testid="latest-version">{task.latestVersion ?? NONE}</b>
        </span>
        <span>
          best accuracy <b>{formatFraction(task.bestAccuracy)}</b>
        </span>
      </p>
      <progress max={maxRounds} value={Math.min(round, maxRounds)} aria-label="Rounds done" />
    </div>
  );
}

function roundNumber(live: LiveRoundData | null, numRounds: number): number {
  return live?.number ?? numRounds;
}
