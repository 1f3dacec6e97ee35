import { createRandom, shuffled, type DeviceId } from "@fedge/protocol";
import type { DeviceFilter } from "../../fleet/filter/device-filter.js";
import type { ControlStore } from "../../store/port.js";
import type { EvaluationRequest } from "./run-record.js";

export interface CandidateParts {
  readonly control: Pick<ControlStore, "listDevices">;
  readonly isOnline: (deviceId: DeviceId) => boolean;
  readonly compile: (filter: string) => DeviceFilter;
  /** Draws the order in which they are asked. */
  readonly seed: string;
}

/** Devices that are here, serve the model and match the filter, in a drawn order, each with its segments. Throws FILTER_INVALID. */
export async function candidatesOf(
  { model, filter, segments }: EvaluationRequest,
  { control, isOnline, compile, seed }: CandidateParts,
): Promise<ReadonlyMap<DeviceId, readonly string[]>> {
  const isMeant = filter === null ? (): boolean => true : compile(filter);
  const isIn = segments.map((segment) => [segment, compile(segment)] as const);
  const devices = (await control.listDevices()).filter(
    (device) =>
      isOnline(device.deviceId) &&
      device.decommissionedAtMs === null &&
      Object.hasOwn(device.serving, model) &&
      isMeant(device),
  );
  return new Map(
    shuffled(devices, createRandom(seed)).map((device) => [
      device.deviceId,
      isIn.filter(([, matches]) => matches(device)).map(([segment]) => segment),
    ]),
  );
}
