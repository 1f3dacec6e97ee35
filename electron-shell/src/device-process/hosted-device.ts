import { FedgeError } from "@fedge/protocol";
import type { Device } from "@fedge/device-runtime";
import type { DeviceHello } from "@fedge/device-runtime/remote";
import type { HostedDevice as Description } from "../messages/process-messages.js";

export interface HostedDeviceParts {
  readonly description: Description;
  readonly open: () => Promise<Device>;
  /** Told every device that was opened. */
  readonly onOpened: (device: Device) => void;
}

/** The one device of this process: opened once, and again after it was forgotten or did not open. */
export class HostedDevice {
  #opening: Promise<Device> | null = null;
  #isClosed = false;

  constructor(private readonly parts: HostedDeviceParts) {}

  /** Throws what opening throws, and CLOSED. */
  device(): Promise<Device> {
    if (this.#isClosed) return Promise.reject(new FedgeError("CLOSED", "the device's process ends"));
    return (this.#opening ??= this.#open());
  }

  /** The device, for a page that asks for this one. Throws OPTION_INVALID for another. */
  deviceFor({ server, models }: DeviceHello): Promise<Device> {
    const { description } = this.parts;
    if (server !== undefined && addressOf(server) !== addressOf(description.server))
      throw refused(`the page asks for a device of ${server}; this app's is of ${description.server}`);
    const known: readonly string[] = description.models;
    const stranger = models.find((model) => !known.includes(model));
    if (stranger !== undefined)
      throw refused(`the page asks for model "${stranger}"; this app has ${known.join(", ")}`);
    return this.device();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const device = await this.#opening?.catch(() => null);
    await device?.close();
  }

  async #open(): Promise<Device> {
    try {
      const device = await this.parts.open();
      device.on("forgotten", () => (this.#opening = null));
      this.parts.onOpened(device);
      return device;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }
}

function refused(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", `${message}; give the shell's main process the same options`);
}

function addressOf(server: string): string {
  return URL.canParse(server) ? new URL(server).href : server;
}
