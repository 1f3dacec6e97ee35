import { startServer, type RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLASSES, INPUTS, cloudExamples, cloudsTask, startDevice } from "../e2e/digits-task.js";
import { eventually, pause } from "../e2e/waiting.js";

export const MODEL = "clouds";
const ROUNDS = 3;
/** Devices that train; the others only serve. */
const NUM_TRAINING = 3;
const EXAMPLES_AT_ONCE = 8;

/**
 * A whole aggregator with real devices that are used all the time: each predicts, and is told what turned out to be true.
 * Version 1 is the fleet's and guesses; the last version has learned, and nobody has it.
 */
export class NightShift {
  private isOver = false;
  private readonly devices: Device[] = [];
  private readonly users: Promise<void>[] = [];
  /** Predictions that failed: a rollout interrupts nobody. */
  readonly complaints: string[] = [];

  private constructor(
    readonly server: RunningServer,
    private readonly directory: string,
  ) {}

  static async start(numDevices: number): Promise<NightShift> {
    const directory = await mkdtemp(join(tmpdir(), "fedge-night-"));
    const heldOut = await heldOutExamples();
    const server = await startServer({
      ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, stateDirectory: join(directory, "server") },
      logLevel: "silent",
      evaluationData: (model) => (model === MODEL ? heldOut : undefined),
    });
    const shift = new NightShift(server, directory);
    await shift.prepare(numDevices);
    return shift;
  }

  get candidate(): number {
    return ROUNDS + 1;
  }

  /** Resolves when every device serves that version. */
  async serve(version: number): Promise<void> {
    await eventually(`every device to serve version ${version}`, async () =>
      this.devices.every((device) => device.model(MODEL).version === version) ? true : undefined,
    );
  }

  async close(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.users);
    await Promise.all(this.devices.map((device) => device.close()));
    await this.server.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async prepare(numDevices: number): Promise<void> {
    const { service } = this.server;
    await service.importModel({
      model: decodeWith(modelName, MODEL, { what: "model", code: "OPTION_INVALID" }),
      onnx: logistic({ inputs: INPUTS, classes: CLASSES, seed: 1 }),
      training: { loss: "softmax-cross-entropy" },
    });
    for (let number = 0; number < numDevices; number += 1) this.devices.push(await this.device(number));
    await this.serve(1);
    // Its versions wait for a rollout.
    const autopilot = {
      everyGoodRounds: 1_000_000,
      evaluation: "held-out",
      template: "staged",
      needsApproval: true,
    };
    const task = cloudsTask({ model: MODEL, taskId: MODEL, maxRounds: ROUNDS, autopilot });
    await service.createTask(task as Parameters<typeof service.createTask>[0]);
    await eventually("the task to end", async () => {
      const [ended] = await service.listTasks();
      return ended?.status === "completed" ? true : undefined;
    });
    for (const [number, device] of this.devices.entries()) this.users.push(this.use(device, number));
  }

  private device(number: number): Promise<Device> {
    const directory = join(this.directory, `device-${number}`);
    return startDevice(this.server.httpUrl, directory, `person ${number}`, {
      models: [MODEL],
      consent: { training: number < NUM_TRAINING, reporting: true },
      attributes: { region: number % 3 === 0 ? "eu-north" : "eu-west" },
      metricsIntervalMs: 500,
    });
  }

  /** Asks the model now and then, and labels what it said. */
  private async use(device: Device, number: number): Promise<void> {
    for (let turn = 0; !this.isOver; turn += 1) {
      const { inputs, target } = await cloudExamples(`use ${number} ${turn}`, EXAMPLES_AT_ONCE).examples(
        EXAMPLES_AT_ONCE,
      );
      try {
        const { id } = await device.model(MODEL).predict(inputs);
        await device.label(id, target);
      } catch (error) {
        this.complaints.push(String(error));
      }
      await pause(500);
    }
  }
}

async function heldOutExamples() {
  const { numExamples, inputs, target } = await cloudExamples("held out", 300).examples(300);
  return {
    dataSet: "held-out",
    numExamples,
    inputs: [
      {
        name: "input",
        elementType: "float32",
        exampleShape: [INPUTS],
        data: inputs["input"]!.data as Float32Array,
      },
    ],
    target: { name: "target", elementType: "int64", exampleShape: [], data: target.data as BigInt64Array },
  } as const;
}
