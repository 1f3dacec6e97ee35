import type { Device } from "@fedge/device-runtime";
import { createDevice, type FedgeBridge } from "@fedge/electron-shell/renderer";
import type { KeyboardHost } from "../device/keyboard-host.js";
import { MODEL } from "../device/keyboard-model.js";

/** The device of the desktop shell, which lives in a process of its own. */
export class ShellHost implements KeyboardHost {
  constructor(private readonly bridge: FedgeBridge) {}

  open(): Promise<Device> {
    return createDevice({ model: MODEL });
  }

  trainNow(): void {
    this.bridge.trainNow();
  }

  roleOf(): "alone" {
    return "alone";
  }
}
