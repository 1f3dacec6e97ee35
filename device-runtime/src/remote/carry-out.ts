import { toWireError } from "@fedge/protocol";
import type { Device } from "../core/device-interface.js";
import type { DeviceAnswer, DeviceRequest } from "./device-request.js";

/** What the device gives to a request from elsewhere; errors are values, so that their codes survive the way. */
export async function carryOut(device: Device, request: DeviceRequest): Promise<DeviceAnswer> {
  try {
    return { result: (await resultOf(device, request)) ?? null };
  } catch (error) {
    return { error: toWireError(error) };
  }
}

async function resultOf(device: Device, request: DeviceRequest): Promise<unknown> {
  switch (request.kind) {
    case "predict":
      return device.model(request.model).predict(request.inputs);
    case "log":
      return device.log(request.id, request.fields);
    case "label":
      return device.label(request.id, request.truth);
    case "query":
      return device.featureLog.query(request.query);
    case "erase":
      return device.featureLog.erase(request.selection);
    case "forget":
      return device.forget();
    case "consent":
      return device.setConsent(request.consent);
  }
}
