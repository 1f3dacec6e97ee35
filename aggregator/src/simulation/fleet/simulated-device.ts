import { createHash } from "node:crypto";
import {
  createDevice,
  type Device,
  type DevicePorts,
  type Trainer,
  type TrainingData,
} from "@fedge/device-runtime";
import {
  alwaysEligible,
  createHttpIdentity,
  createMqttTransport,
  createSystemClock,
  deviceKeyOf,
  nodeDigest,
  nodeVerifier,
} from "@fedge/device-runtime/node";
import { createMemoryByteStore } from "@fedge/device-runtime/testing";
import { createRandom, type DeviceId, type RoundId } from "@fedge/protocol";
import type { Inability } from "../faults/deadline-skipper.js";
import { fateOf } from "../faults/fate.js";
import { FaultyTransport } from "../faults/faulty-transport.js";
import type { RoundGates } from "../faults/round-gates.js";
import type { DeviceSeed, FleetWorkerData } from "./fleet-messages.js";
import { rowsOf } from "../workload.js";
import type { InternedBlobs } from "./interned-blobs.js";

/** What the devices of one thread share. */
export interface SharedParts {
  readonly fleet: FleetWorkerData;
  readonly serving: DevicePorts["serving"];
  readonly trainer: Trainer;
  readonly blobs: InternedBlobs;
  readonly gates: RoundGates;
  readonly onUnable: (roundId: RoundId, deviceId: DeviceId, why: Inability) => void;
}

export interface SimulatedDevice {
  readonly deviceId: DeviceId;
  readonly device: Device;
  /** It reaches nobody any more. */
  cutOff(): void;
}

/** The production runtime with a key, examples and a line of its own; the rest is shared with the thread. */
export async function createSimulatedDevice(of: DeviceSeed, shared: SharedParts): Promise<SimulatedDevice> {
  const { fleet } = shared;
  const key = deviceKeyOf(createHash("sha256").update(`${fleet.seed}/device-key/${of.index}`).digest());
  const clock = createSystemClock();
  const { transport, trainer } = createLine(shared);
  const { attributes } = of;
  const device = await createDevice(
    {
      ...{ clock, transport, trainer, digest: nodeDigest, verifier: nodeVerifier, serving: shared.serving },
      random: createRandom(`${fleet.seed}/device/${of.index}`),
      store: createMemoryByteStore(),
      blobs: shared.blobs.newStore(),
      identity: createHttpIdentity({ server: fleet.serverUrl, key, clock }),
      conditions: alwaysEligible,
      trainingData: fleet.use?.learnsFromLog === true ? {} : { [fleet.model]: trainingDataOf(of, fleet) },
      newStop: () => new AbortController(),
      nowUs: () => performance.now() * 1000,
      memoryBytes: () => process.memoryUsage.rss(),
    },
    {
      models: [fleet.model],
      consent: { training: true, reporting: true },
      platform: `simulated, node ${process.versions.node}`,
      ...(attributes === undefined ? {} : { attributes }),
      ...(fleet.use === null ? {} : { metricsIntervalMs: fleet.use.metricsIntervalMs }),
    },
  );
  return { deviceId: key.deviceId as DeviceId, device, cutOff: () => transport.cutOff() };
}

/** The line to the broker, and the trainer that tells it when training begins. */
function createLine(shared: SharedParts): { readonly transport: FaultyTransport; readonly trainer: Trainer } {
  const { faults, seed } = shared.fleet;
  const transport = new FaultyTransport({
    inner: createMqttTransport(),
    gates: shared.gates,
    fateOf: (roundId, deviceId) => fateOf(faults, { seed, roundId, deviceId }),
    onUnable: shared.onUnable,
  });
  const trainer: Trainer = {
    form: shared.trainer.form,
    train: (request, signal) => {
      transport.trainingBegins();
      return shared.trainer.train(request, signal);
    },
    // The thread closes the trainer that its devices share.
    close: () => Promise.resolve(),
  };
  return { transport, trainer };
}

function trainingDataOf({ range }: DeviceSeed, fleet: FleetWorkerData): TrainingData {
  const { input, target } = fleet.examples;
  return {
    numExamples: () => range.count,
    examples: (maxExamples) => {
      const numExamples = Math.min(range.count, maxExamples);
      const [first, end] = [range.first, range.first + numExamples];
      return {
        numExamples,
        inputs: { [fleet.inputName]: rowsOf(input, first, end) },
        target: rowsOf(target, first, end),
      };
    },
  };
}
