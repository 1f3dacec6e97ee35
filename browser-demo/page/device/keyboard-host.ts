import type { Device } from "@fedge/device-runtime";
import type { KeyboardStatus } from "../keyboard-device.js";

/** Where the keyboard's device lives: in this page, or in the shell beside it. */
export interface KeyboardHost {
  /** Opens the device of model `MODEL`. */
  open(): Promise<Device>;
  /** For two minutes nothing stands against a training: its person asked for one. */
  trainNow(): void;
  roleOf(device: Device): KeyboardStatus["role"];
}
