import type { ModelName, TaskId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { sampleTaskConfig } from "../sample-records.js";
import type { StoreWorld } from "./store-world.js";

/** What every control store does with tasks. */
export function describeTasks(world: StoreWorld): void {
  describe("tasks", () => {
    test("a new task runs and is read back field by field", async () => {
      const names = await world.withTask();

      expect(await world.store.getTask(names.taskId)).toEqual({
        config: sampleTaskConfig(names.taskId, names.model),
        status: "running",
        statusReason: null,
        createdAtMs: 1000,
        endedAtMs: null,
      });
    });

    test("an unknown task is undefined", async () => {
      expect(await world.store.getTask("no-such-task" as TaskId)).toBeUndefined();
    });

    test("a second task of an id is refused", async () => {
      const names = await world.withTask();
      const config = sampleTaskConfig(names.taskId, `${names.model}-2` as ModelName);

      await expect(world.store.createTask(config, 2000)).rejects.toMatchObject({
        code: "TASK_STATE_CONFLICT",
      });
    });

    test.each(["running", "paused"] as const)(
      "a second task of a model is refused while one is %s",
      async (status) => {
        const names = await world.withTask();
        await world.store.setTaskStatus(names.taskId, { status, reason: null, atMs: 1500 });
        const second = sampleTaskConfig(`${names.taskId}-2` as TaskId, names.model);

        await expect(world.store.createTask(second, 2000)).rejects.toMatchObject({
          code: "TASK_STATE_CONFLICT",
        });
        expect(await world.store.getTask(second.taskId)).toBeUndefined();
      },
    );

    test("a model whose task has ended takes another, and the ended one cannot run again", async () => {
      const names = await world.withTask();
      await world.store.setTaskStatus(names.taskId, {
        status: "completed",
        reason: "all rounds done",
        atMs: 1500,
      });

      await world.store.createTask(sampleTaskConfig(`${names.taskId}-2` as TaskId, names.model), 2000);

      expect(await world.store.getTask(names.taskId)).toMatchObject({
        status: "completed",
        statusReason: "all rounds done",
        endedAtMs: 1500,
      });
      const again = world.store.setTaskStatus(names.taskId, { status: "running", reason: null, atMs: 3000 });
      await expect(again).rejects.toMatchObject({ code: "TASK_STATE_CONFLICT" });
    });

    test("a paused task has not ended", async () => {
      const names = await world.withTask();

      await world.store.setTaskStatus(names.taskId, { status: "paused", reason: "by hand", atMs: 1500 });

      expect(await world.store.getTask(names.taskId)).toMatchObject({ status: "paused", endedAtMs: null });
    });

    test("the status of an unknown task cannot be set", async () => {
      const change = world.store.setTaskStatus("no-such-task" as TaskId, {
        status: "paused",
        reason: null,
        atMs: 1,
      });

      await expect(change).rejects.toMatchObject({ code: "TASK_UNKNOWN" });
    });

    test("are listed newest first, also when the clock stood still", async () => {
      const [first, second] = [await world.withTask(), await world.withTask()];

      const listed = (await world.store.listTasks()).map((task) => task.config.taskId);

      expect(listed.indexOf(second.taskId)).toBe(listed.indexOf(first.taskId) - 1);
    });
  });
}
