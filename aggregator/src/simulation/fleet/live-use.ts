import type { Device } from "@fedge/device-runtime";
import { createRandom, errorCodeOf, type Random } from "@fedge/protocol";
import { rowsOf, type ExampleTensor } from "../workload.js";
import type { ExampleRange } from "./fleet-examples.js";
import type { DeviceSeed, FleetUse, FleetWorkerData } from "./fleet-messages.js";

/** A person at a device. */
export interface Use {
  /** Resolves when the last prediction has been answered. Idempotent. */
  stop(): Promise<void>;
}

interface UseParts {
  readonly fleet: FleetWorkerData;
  readonly use: FleetUse;
  readonly seed: DeviceSeed;
  readonly world: { readonly hasChanged: boolean };
  readonly onError: (error: unknown) => void;
}

/** Predicts one held-out example after the other, and labels some of them, until it is stopped. */
export function startUse(device: Device, parts: UseParts): Use {
  const stopping = new AbortController();
  const random = createRandom(`${parts.fleet.seed}/use/${parts.seed.index}`);
  const used = useUntilStopped(device, parts, { random, signal: stopping.signal });
  return {
    stop: () => {
      stopping.abort();
      return used;
    },
  };
}

async function useUntilStopped(
  device: Device,
  parts: UseParts,
  { random, signal }: { readonly random: Random; readonly signal: AbortSignal },
): Promise<void> {
  const { everyMs } = parts.use;
  // Devices of a thread begin at different moments, so that they do not wait for each other.
  await pause(everyMs * random.unit(), signal);
  while (!signal.aborted) {
    await once(device, parts, random).catch((error: unknown) => {
      // The runtime counts what a version could not answer; before the first version there is nothing to use.
      if (errorCodeOf(error) !== "MODEL_NOT_READY") parts.onError(error);
    });
    await pause(everyMs, signal);
  }
}

async function once(device: Device, parts: UseParts, random: Random): Promise<void> {
  const { fleet, use } = parts;
  const { first, count } = rangeOf(parts);
  const row = first + random.below(count);
  const { input: inputs, noted } = fleet.examples;
  const input = ownRow(inputs, row);
  const { id } = await device.model(fleet.model).predict({ [fleet.inputName]: input });
  if (noted !== undefined)
    await device.log(id, { [noted.name]: noted.values[noted.codes[row] as number] ?? null });
  if (random.unit() < use.labelShare) await device.label(id, ownRow(fleet.examples.target, row));
}

function rangeOf({ seed, world }: UseParts): ExampleRange {
  const own = seed.heldOut ?? seed.range;
  return world.hasChanged ? (seed.later ?? own) : own;
}

/** A copy: the runtime takes no memory that threads share. */
function ownRow(tensor: ExampleTensor, row: number): ReturnType<typeof rowsOf> {
  const { shape, data } = rowsOf(tensor, row, row + 1);
  return { shape, data: data.slice() };
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, durationMs);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
