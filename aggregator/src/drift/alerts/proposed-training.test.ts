import type { ModelName, TaskId } from "@fedge/protocol";
import { beforeEach, expect, test } from "vitest";
import type { TaskRecord } from "../../store/port.js";
import type { TaskConfig } from "../../tasks/task-config.js";
import { memoryDriftStore } from "../testing/memory-drift-store.js";
import { sampleAlert } from "../testing/sample-alert.js";
import { Alerts } from "./alerts.js";
import { ProposedTraining } from "./proposed-training.js";

const DIGITS = "digits" as ModelName;
const taskOf = (taskId: string, model = DIGITS): TaskConfig =>
  ({ taskId, model, seed: "s", maxRounds: 7 }) as TaskConfig;

let tasks: TaskRecord[];
let training: ProposedTraining;
/** What creating a task throws, instead of creating it. */
let trouble: Error | null;
beforeEach(() => {
  [tasks, trouble] = [[], null];
  training = new ProposedTraining({
    listTasks: async () => tasks,
    create: async (config) => {
      if (trouble !== null) throw trouble;
      tasks.unshift({ config, status: "running" } as TaskRecord);
    },
  });
});

const done = (config: TaskConfig): TaskRecord => ({ config, status: "completed" }) as TaskRecord;
const begin = (given: TaskConfig | null = null): Promise<TaskId> =>
  training.begin("a1", { model: DIGITS }, given);

test("trains as the model was trained last, under an id of the alert's own", async () => {
  tasks = [done(taskOf("other", "words" as ModelName)), done(taskOf("second")), done(taskOf("first"))];
  tasks[1] = done({ ...taskOf("second"), maxRounds: 3 });

  expect(await begin()).toBe("retrain-a1");
  expect(tasks[0]?.config).toEqual({ ...taskOf("retrain-a1"), seed: "retrain-a1", maxRounds: 3 });
});

test("trains as it is told", async () => {
  expect(await begin(taskOf("mine"))).toBe("mine");
  expect(tasks.map(({ config }) => config.taskId)).toEqual(["mine"]);
});

test("finds the task again that was begun before the process ended", async () => {
  tasks = [done(taskOf("first"))];
  await begin();

  expect(await begin()).toBe("retrain-a1");
  expect(tasks).toHaveLength(2);
});

test.each<[string, TaskConfig | null, string]>([
  ["a model that was never trained", null, "was never trained here"],
  ["a task of another model", taskOf("x", "words" as ModelName), "give a task of digits"],
])("refuses %s and says what to do", async (_, given, message) => {
  await expect(begin(given)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(begin(given)).rejects.toThrow(message);
  expect(tasks).toEqual([]);
});

test("nothing is decided when no task could begin; afterwards it can be", async () => {
  const store = memoryDriftStore();
  const alert = { ...sampleAlert({ severity: "critical" }), model: DIGITS };
  await store.saveAlerts({ alerts: [alert], deliveries: [] });
  const alerts = new Alerts({
    ...{ store, training, policy: { staleAfterMs: null }, nowMs: () => 1, hasWebhook: false },
    ...{ counters: { count: () => undefined, observe: () => undefined }, onDeliveries: () => undefined },
  });
  const decide = () =>
    alerts.decide(alert.alertId, { by: "ada", isConfirmed: true, task: taskOf("mine") }, 0);
  trouble = new Error("another task of model digits is running");

  await expect(decide()).rejects.toThrow("another task");
  expect((await store.getAlert(alert.alertId))?.proposal).toMatchObject({ state: "proposed", taskId: null });
  trouble = null;

  expect((await decide()).proposal).toMatchObject({ state: "confirmed", decidedBy: "ada", taskId: "mine" });
  await expect(alerts.decide(alert.alertId, { by: "bob", isConfirmed: false, task: null })).rejects.toThrow(
    "no proposal that waits",
  );
});
