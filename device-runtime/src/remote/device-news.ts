import { fromWireError, toWireError, type WireError } from "@fedge/protocol";
import type { Device } from "../core/device-interface.js";
import type { DeviceEventName, DeviceNews } from "./device-request.js";

/** Every event that a device has. */
export const DEVICE_EVENTS: readonly DeviceEventName[] = [
  "version",
  "install",
  "state",
  "round",
  "log",
  "conditions",
  "drift",
  "forgotten",
  "error",
];

/** Tells everything that happens to the device, each time with how it is afterwards; the returned function ends that. */
export function tellNews(device: Device, tell: (news: DeviceNews) => void): () => void {
  const stops = DEVICE_EVENTS.map((name) =>
    device.on(name, (detail: unknown) => {
      tell({ type: "event", name, detail: name === "error" ? toWireError(detail) : detail });
      tell({ type: "state", status: device.status() });
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

/** An event that was told from elsewhere, as a device's own listeners get it. */
export function heardDetail(name: DeviceEventName, detail: unknown): unknown {
  return name === "error" ? fromWireError(detail as WireError) : detail;
}
