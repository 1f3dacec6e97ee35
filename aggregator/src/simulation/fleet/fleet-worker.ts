import { parentPort, workerData } from "node:worker_threads";
import { createOnnxServing, createOnnxTrainer } from "@fedge/device-runtime/engine-onnx";
import { loadOnnxRuntime } from "@fedge/device-runtime/node";
import { toWireError } from "@fedge/protocol";
import { RoundGates } from "../faults/round-gates.js";
import type { FleetCommand, FleetReport, FleetWorkerData } from "./fleet-messages.js";
import { InternedBlobs } from "./interned-blobs.js";
import { SharedServing } from "./shared-serving.js";
import { createSimulatedDevice, type SharedParts, type SimulatedDevice } from "./simulated-device.js";

/** Devices of a thread that enrol and connect at the same time. */
const STARTING_AT_ONCE = 16;

const say = (report: FleetReport): void => parentPort?.postMessage(report);

async function openShared(
  fleet: FleetWorkerData,
  gates: RoundGates,
): Promise<SharedParts & { readonly serving: SharedServing }> {
  const { runtime, name } = await loadOnnxRuntime();
  return {
    fleet,
    gates,
    serving: new SharedServing(createOnnxServing(runtime, name)),
    trainer: createOnnxTrainer(runtime, {
      nowMs: () => performance.now(),
      yieldToOthers: () => new Promise((resolve) => setImmediate(resolve)),
    }),
    blobs: new InternedBlobs(),
    onUnable: (roundId, deviceId, why) => say({ type: "unable", roundId, deviceId, why }),
  };
}

/** Resolves when the device is connected. */
async function whenStarted({ device, deviceId }: SimulatedDevice, index: number): Promise<void> {
  device.on("error", (error) => say({ type: "trouble", deviceId, error: toWireError(error) }));
  if (!device.status().isOnline) await new Promise<void>((resolve) => device.on("state", () => resolve()));
  say({ type: "started", index, deviceId });
}

async function main(fleet: FleetWorkerData): Promise<void> {
  const gates = new RoundGates();
  const shared = await openShared(fleet, gates);
  const devices: SimulatedDevice[] = [];
  const waiting = [...fleet.devices];
  const closing = new Promise<void>((resolve) => {
    parentPort?.on("message", (command: FleetCommand) => {
      if (command.type === "round-over") return gates.roundOver(command.roundId);
      waiting.length = 0;
      gates.close();
      resolve();
    });
  });
  const startNext = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const device = await createSimulatedDevice(seed, shared);
      devices.push(device);
      await whenStarted(device, seed.index);
    }
  };
  const starting = Promise.all(Array.from({ length: STARTING_AT_ONCE }, startNext));
  starting.catch((error: unknown) => say({ type: "failed", error: toWireError(error) }));
  await closing;
  await Promise.all(devices.map(({ device }) => device.close()));
  await shared.trainer.close();
  await shared.serving.settled();
}

main(workerData as FleetWorkerData)
  .catch((error: unknown) => say({ type: "failed", error: toWireError(error) }))
  // No run is under way any more, so the thread may end whatever timers are left.
  .finally(() => process.exit());
