import { parentPort, workerData } from "node:worker_threads";
import { createOnnxServing, createOnnxTrainer } from "@fedge/device-runtime/engine-onnx";
import { loadOnnxRuntime } from "@fedge/device-runtime/node";
import { toWireError } from "@fedge/protocol";
import { RoundGates } from "../faults/round-gates.js";
import type { DeviceSeed, FleetCommand, FleetReport, FleetWorkerData } from "./fleet-messages.js";
import { InternedBlobs } from "./interned-blobs.js";
import { startUse, type Use } from "./live-use.js";
import { SharedServing, ownSessions } from "./shared-serving.js";
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
    // A version's memory can only be told from the others' where each device has its own.
    serving: new SharedServing(
      createOnnxServing(runtime, name),
      fleet.use === null ? undefined : ownSessions(),
    ),
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

/** The devices of this thread, and how they are used. */
class Hosted {
  readonly #devices: SimulatedDevice[] = [];
  readonly #uses: Use[] = [];
  #cutOffAt: number | null = null;
  readonly #world = { hasChanged: false };

  constructor(private readonly shared: SharedParts) {}

  async start(seed: DeviceSeed): Promise<void> {
    const { fleet } = this.shared;
    const simulated = await createSimulatedDevice(seed, this.shared);
    this.#devices.push(simulated);
    if (fleet.use !== null) this.#follow(simulated, seed.index);
    await whenStarted(simulated, seed.index);
    if (fleet.use === null || seed.heldOut === undefined) return;
    const { deviceId } = simulated;
    const onError = (error: unknown): void => say({ type: "trouble", deviceId, error: toWireError(error) });
    const parts = { fleet, use: fleet.use, seed, world: this.#world, onError };
    this.#uses.push(startUse(simulated.device, parts));
  }

  cutOffAt(version: number): void {
    this.#cutOffAt = version;
  }

  changeWorld(): void {
    this.#world.hasChanged = true;
  }

  async close(): Promise<void> {
    await Promise.all(this.#uses.map((use) => use.stop()));
    await Promise.all(this.#devices.map(({ device }) => device.close()));
  }

  #follow({ device, deviceId, cutOff }: SimulatedDevice, index: number): void {
    const seen = (version: number) => ({ type: "step", index, deviceId, version, atMs: Date.now() }) as const;
    device.on("version", ({ version }) => say({ ...seen(version), what: "serves" }));
    device.on("drift", ({ version, verdict, features }) =>
      say({ ...seen(version), what: "judges", verdict, features: features.map(({ name }) => name) }),
    );
    device.on("install", ({ version, state, message }) => {
      if (state === "activating" && version === this.#cutOffAt) cutOff();
      say({ ...seen(version), what: "installs", state, reason: message });
    });
  }
}

async function main(fleet: FleetWorkerData): Promise<void> {
  const gates = new RoundGates();
  const shared = await openShared(fleet, gates);
  const hosted = new Hosted(shared);
  const waiting = [...fleet.devices];
  const closing = new Promise<void>((resolve) => {
    parentPort?.on("message", (command: FleetCommand) => {
      if (command.type === "round-over") return gates.roundOver(command.roundId);
      if (command.type === "change-world") return hosted.changeWorld();
      if (command.type === "cut-off-at") return hosted.cutOffAt(command.version);
      waiting.length = 0;
      gates.close();
      resolve();
    });
  });
  const startNext = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) await hosted.start(seed);
  };
  const starting = Promise.all(Array.from({ length: STARTING_AT_ONCE }, startNext));
  starting.catch((error: unknown) => say({ type: "failed", error: toWireError(error) }));
  await closing;
  await hosted.close();
  await shared.trainer.close();
  await shared.serving.settled();
}

main(workerData as FleetWorkerData)
  .catch((error: unknown) => say({ type: "failed", error: toWireError(error) }))
  // No run is under way any more, so the thread may end whatever timers are left.
  .finally(() => process.exit());
