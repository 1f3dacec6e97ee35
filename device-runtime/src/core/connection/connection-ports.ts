import type { DevicePorts } from "../ports/ports.js";
import type { Identity } from "../ports/transport.js";

export interface ConnectionPorts extends Pick<DevicePorts, "clock" | "random" | "store" | "transport"> {
  readonly identity: Pick<Identity, "credentials">;
}

export interface Traffic {
  /** Payload bytes that were published. */
  readonly bytesUp: number;
  /** Payload bytes that arrived. */
  readonly bytesDown: number;
  /** Messages that arrived and could not be decoded. */
  readonly numMessagesRefused: number;
}
