import type { FeedMessage } from "../../../src/http/schema/overview-schema.js";

type MessageOf<Event extends FeedMessage["event"]> = Extract<FeedMessage, { event: Event }>["data"];
export type OverviewData = MessageOf<"overview">;
export type TaskData = OverviewData["tasks"][number];
export type RoundData = MessageOf<"rounds">["rounds"][number];
export type VersionData = MessageOf<"versions">["versions"][number];
export type LiveRoundData = NonNullable<TaskData["liveRound"]>;
export type ModelVerdictData = MessageOf<"drift">["verdict"];
export type RolloutData = MessageOf<"rollouts">["rollouts"][number];

/** All that the page knows. Rows are sorted by number and never shrink while the page is open. */
export interface FleetState {
  readonly overview: OverviewData | null;
  readonly roundsOfTask: Readonly<Record<string, readonly RoundData[]>>;
  readonly versionsOfModel: Readonly<Record<string, readonly VersionData[]>>;
  /** Newest first; null until the server has said which there are. */
  readonly rollouts: readonly RolloutData[] | null;
  /** What the feed said last of each model's drift; another object for every change. */
  readonly driftOfModel: Readonly<Record<string, ModelVerdictData>>;
}

export const EMPTY_STATE: FleetState = {
  overview: null,
  roundsOfTask: {},
  versionsOfModel: {},
  rollouts: null,
  driftOfModel: {},
};

/** Rows kept per task and model, so that a page that stays open for weeks does not grow. */
const MAX_ROWS = 2000;

/** The state after a message. Pure; rows with the same number replace each other. */
export function applyMessage(state: FleetState, message: FeedMessage): FleetState {
  switch (message.event) {
    case "overview":
      return { ...state, overview: message.data };
    case "rounds": {
      const { taskId, rounds } = message.data;
      const merged = merge(state.roundsOfTask[taskId] ?? [], rounds, (round) => round.number);
      return { ...state, roundsOfTask: { ...state.roundsOfTask, [taskId]: merged } };
    }
    case "versions": {
      const { model, versions } = message.data;
      const merged = merge(state.versionsOfModel[model] ?? [], versions, (version) => version.version);
      return { ...state, versionsOfModel: { ...state.versionsOfModel, [model]: merged } };
    }
    case "rollouts":
      return { ...state, rollouts: mergeRollouts(state.rollouts ?? [], message.data) };
    case "drift": {
      const { model, verdict } = message.data;
      return { ...state, driftOfModel: { ...state.driftOfModel, [model]: verdict } };
    }
    case "heartbeat":
      return state;
  }
}

function merge<T>(old: readonly T[], fresh: readonly T[], numberOf: (row: T) => number): readonly T[] {
  const rows = new Map(old.map((row) => [numberOf(row), row]));
  for (const row of fresh) rows.set(numberOf(row), row);
  return [...rows.values()].sort((a, b) => numberOf(a) - numberOf(b)).slice(-MAX_ROWS);
}

/** An older view of a rollout never replaces a newer one: an answer to a command may overtake the feed. */
export function mergeRollouts(
  old: readonly RolloutData[],
  { rollouts, deleted }: MessageOf<"rollouts">,
): readonly RolloutData[] {
  const rows = new Map(old.map((rollout) => [rollout.rolloutId, rollout]));
  for (const fresh of rollouts) {
    const known = rows.get(fresh.rolloutId);
    if (known === undefined || known.revision <= fresh.revision) rows.set(fresh.rolloutId, fresh);
  }
  for (const rolloutId of deleted) rows.delete(rolloutId);
  return [...rows.values()].sort((a, b) => b.createdAtMs - a.createdAtMs).slice(0, MAX_ROWS);
}

/** The task to show: the chosen one, else the one that runs, else the newest. */
export function shownTask(tasks: readonly TaskData[], chosenId: string | null): TaskData | null {
  return (
    tasks.find((task) => task.config.taskId === chosenId) ??
    tasks.find((task) => task.status === "running") ??
    tasks[0] ??
    null
  );
}
