import { FedgeError } from "@fedge/protocol";

/** What a closed device says to whatever is asked of it. */
export function deviceClosed(): FedgeError {
  return new FedgeError("CLOSED", "the device is closed");
}
