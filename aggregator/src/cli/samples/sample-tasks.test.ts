import type { ModelName, TaskId } from "@fedge/protocol";
import { beforeEach, expect, test } from "vitest";
import { ServiceDouble } from "../../http/testing/service-double.js";
import { SampleTasks } from "./sample-tasks.js";
import type { Sample, SamplePace } from "./sample.js";

const pace = (maxRounds: number): SamplePace => ({
  serverOptimizer: { kind: "fedavg", learningRate: 1 },
  maxRounds,
  pauseBetweenRoundsMs: 0,
  releaseEveryVersions: 1,
});
/** Nothing of the model is looked at here. */
const sample = {
  ...pace(80),
  model: "next-word" as ModelName,
  fleet: { ranges: [1, 2, 3] },
  training: { batchSize: 16, learningRate: 1 },
  update: { encoding: "int8", maxNorm: 1000 },
  close: "cohort",
  afterwards: pace(10_000),
} as unknown as Sample;

let service: ServiceDouble;
let errors: unknown[];
beforeEach(() => {
  service = new ServiceDouble();
  service.tasks = [];
  errors = [];
});

let seconds = 0;
function sampleTasks(of: Sample = sample): SampleTasks {
  const nowMs = (): number => 1000 * (seconds += 1);
  return new SampleTasks(of, { service, nowMs, onError: (error) => errors.push(error) });
}

const maxRounds = (): number[] => service.tasks.map(({ config }) => config.maxRounds);

/** The newest task ends so, and the sample hears of it. */
async function end(tasks: SampleTasks, status: "completed" | "stopped" | "failed"): Promise<void> {
  service.tasks = service.tasks.map((task, at) => (at === 0 ? { ...task, status } : task));
  service.emit({ type: "task-changed", taskId: service.tasks[0]?.config.taskId as TaskId });
  await tasks.close();
}

test("a sample begins with one task, and a second start goes on with it", async () => {
  await sampleTasks().begin();
  await sampleTasks().begin();

  expect(maxRounds()).toEqual([80]);
});

test("when all rounds are over, the task for whoever joins later begins", async () => {
  const tasks = sampleTasks();
  await tasks.begin();
  await end(tasks, "completed");

  expect(maxRounds()).toEqual([10_000, 80]);
  expect(errors).toEqual([]);
});

test.each(["stopped", "failed"] as const)(
  "a task that was %s stays so until the next start",
  async (status) => {
    const tasks = sampleTasks();
    await tasks.begin();
    await end(tasks, status);
    expect(maxRounds()).toEqual([80]);

    await sampleTasks().begin();
    expect(maxRounds()).toEqual([10_000, 80]);
  },
);

test("a sample without a second task ends with its first", async () => {
  const tasks = sampleTasks({ ...sample, afterwards: null });
  await tasks.begin();
  await end(tasks, "completed");

  expect(maxRounds()).toEqual([80]);
});
