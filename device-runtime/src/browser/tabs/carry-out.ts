import { toWireError } from "@fedge/protocol";
import type { Device } from "../../core/device-interface.js";
import type { TabAnswer, TabRequest } from "./tab-messages.js";

/** What the device gives to another tab's request; errors are values, so that their codes survive the way. */
export async function carryOut(device: Device, request: TabRequest): Promise<TabAnswer> {
  try {
    return { result: (await resultOf(device, request)) ?? null };
  } catch (error) {
    return { error: toWireError(error) };
  }
}

async function resultOf(device: Device, request: TabRequest): Promise<unknown> {
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
    case "hello":
      return null;
  }
}
