import { describe, expect, test } from "vitest";
import {
  applyMessage,
  EMPTY_STATE,
  shownTask,
  type RolloutData,
  type RoundData,
  type TaskData,
} from "./fleet-state.js";

function round(number: number, outcome: RoundData["outcome"]): RoundData {
  return { number, outcome } as RoundData;
}

function rounds(...rows: RoundData[]): Parameters<typeof applyMessage>[1] {
  return { event: "rounds", data: { taskId: "t" as RoundData["taskId"], rounds: rows } };
}

describe("rounds", () => {
  test("a round that comes again replaces what was known about it", () => {
    const before = applyMessage(EMPTY_STATE, rounds(round(1, "committed"), round(2, "open")));

    const after = applyMessage(before, rounds(round(2, "committed"), round(3, "open")));

    expect(after.roundsOfTask["t"]?.map((row) => [row.number, row.outcome])).toEqual([
      [1, "committed"],
      [2, "committed"],
      [3, "open"],
    ]);
  });

  test("only the newest 2000 are kept", () => {
    const many = Array.from({ length: 2500 }, (_, index) => round(index + 1, "committed"));

    const state = applyMessage(EMPTY_STATE, rounds(...many));

    expect([state.roundsOfTask["t"]?.length, state.roundsOfTask["t"]?.[0]?.number]).toEqual([2000, 501]);
  });

  test("a heartbeat changes nothing", () => {
    const state = applyMessage(EMPTY_STATE, rounds(round(1, "open")));

    expect(applyMessage(state, { event: "heartbeat", data: { atMs: 1 } })).toBe(state);
  });
});

describe("the task in view", () => {
  const task = (taskId: string, status: TaskData["status"]): TaskData =>
    ({ config: { taskId }, status }) as TaskData;
  const tasks = [task("new", "completed"), task("busy", "running"), task("old", "stopped")];

  test("is the chosen one, else the running one, else the newest", () => {
    expect(shownTask(tasks, "old")?.config.taskId).toBe("old");
    expect(shownTask(tasks, null)?.config.taskId).toBe("busy");
    expect(shownTask([tasks[0] as TaskData, tasks[2] as TaskData], "gone")?.config.taskId).toBe("new");
  });

  test("is none when there is none", () => {
    expect(shownTask([], null)).toBeNull();
  });
});

describe("rollouts", () => {
  const rollout = (rolloutId: string, revision: number, createdAtMs = 0): RolloutData =>
    ({ rolloutId, revision, createdAtMs }) as RolloutData;
  const said = (rollouts: RolloutData[], deleted: string[] = []): Parameters<typeof applyMessage>[1] => ({
    event: "rollouts",
    data: { rollouts, deleted: deleted as RolloutData["rolloutId"][] },
  });
  const shown = (state: ReturnType<typeof applyMessage>) =>
    state.rollouts?.map(({ rolloutId, revision }) => `${rolloutId}#${revision}`);

  test("are unknown until the server has said which there are, be it none", () => {
    expect(EMPTY_STATE.rollouts).toBeNull();
    expect(applyMessage(EMPTY_STATE, said([])).rollouts).toEqual([]);
  });

  test("stand with the newest first, and a newer view replaces an older one", () => {
    const before = applyMessage(EMPTY_STATE, said([rollout("a", 1, 100), rollout("b", 1, 200)]));

    expect(shown(applyMessage(before, said([rollout("a", 2, 100)])))).toEqual(["b#1", "a#2"]);
  });

  test("an older view that comes late changes nothing", () => {
    const before = applyMessage(EMPTY_STATE, said([rollout("a", 5)]));

    expect(shown(applyMessage(before, said([rollout("a", 4)])))).toEqual(["a#5"]);
  });

  test("one that was deleted is gone", () => {
    const before = applyMessage(EMPTY_STATE, said([rollout("a", 1), rollout("b", 1)]));

    expect(shown(applyMessage(before, said([], ["a"])))).toEqual(["b#1"]);
  });
});
