import {
  startServer,
  type RunningServer,
  type ServerOptions,
  type StoredRound,
  type TaskConfig,
} from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeWith, modelName, taskId, type TaskId } from "@fedge/protocol";
import { CLASSES, INPUTS, cloudExamples, cloudsTask, startDevice } from "../e2e/digits-task.js";

/** Weights and biases of the clouds model. */
export const NUM_PARAMETERS = INPUTS * CLASSES + CLASSES;

/** A server in this process, on free ports, with its broker. */
export function startCloudsServer(
  stateDirectory: string,
  more: Partial<ServerOptions> = {},
): Promise<RunningServer> {
  const here = { host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" as const };
  return startServer({ ...here, stateDirectory, ...more });
}

/** A model of its own for every test, with the same first weights. */
export async function importNamed(server: RunningServer, model: string): Promise<void> {
  await server.service.importModel({
    model: decodeWith(modelName, model, { what: "model", code: "OPTION_INVALID" }),
    onnx: logistic({ inputs: INPUTS, classes: CLASSES, seed: 1 }),
    training: { loss: "softmax-cross-entropy" },
  });
}

/** One round of three devices; `changes` as for `cloudsTask`. */
export function roundOfThree(model: string, changes: Parameters<typeof cloudsTask>[0] = {}): TaskConfig {
  return cloudsTask({ taskId: model, model, maxRounds: 1, ...changes }) as TaskConfig;
}

/** A device that gives the same update in every run, whatever its key is; not before `after`. */
export function startHonestDevice(
  server: RunningServer,
  place: {
    readonly directory: string;
    readonly model: string;
    readonly number: number;
    readonly after: Promise<void>;
  },
): Promise<Device> {
  const { directory, model, number, after } = place;
  return startDevice(server.httpUrl, directory, "honest", {
    models: [model],
    trainingData: { [model]: cloudExamples(`honest ${number}`) },
    trainer: {
      form: "onnx",
      train: () =>
        after.then(() => ({
          delta: Float32Array.from({ length: NUM_PARAMETERS }, (_, at) => Math.sin(at + 1) / (10 * number)),
          numExamples: 7 * number,
          metrics: { steps: 1, trainMs: 1, lossBefore: 1, lossAfter: 0.5 },
        })),
      close: async () => undefined,
    },
  });
}

/** The first round of a task, once it has ended. */
export async function firstRound(server: RunningServer, task: string): Promise<StoredRound> {
  const id = decodeWith(taskId, task, { what: "task", code: "OPTION_INVALID" });
  await taskEnded(server, id);
  const [round] = await server.service.listRounds(id);
  if (round === undefined) throw new Error(`task ${task} had no round`);
  return round;
}

async function taskEnded(server: RunningServer, id: TaskId): Promise<void> {
  let stop = (): void => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    const look = (): void =>
      void server.service.getTask(id).then((task) => task.status !== "running" && resolve(), reject);
    stop = server.service.onEvent((event) => event.type === "task-changed" && look());
    look();
  });
  await ended.finally(() => stop());
}

/** The value of a counter with this label, 0 before its first count. */
export async function counter(
  server: RunningServer,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  const text = await (await fetch(`${server.httpUrl}/metrics`)).text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const line = text
    .split("\n")
    .find((one) => one.startsWith(`${name}{`) && wanted.every((part) => one.includes(part)));
  return line === undefined ? 0 : Number(line.split(" ").at(-1));
}
