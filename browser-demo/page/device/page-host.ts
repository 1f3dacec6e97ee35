import type { Device } from "@fedge/device-runtime";
import {
  createDevice,
  createSystemClock,
  watchPage,
  type BrowserDevice,
} from "@fedge/device-runtime/browser";
import type { KeyboardStatus } from "../keyboard-device.js";
import { KeyboardConditions } from "./keyboard-conditions.js";
import type { KeyboardHost } from "./keyboard-host.js";
import { MODEL } from "./keyboard-model.js";
import type { PageStorage } from "./page-storage.js";

/** The scores of all words are of no use later. */
const LOG = { maxOutputBytes: 0 } as const;

/** A device in this page, shared with the other tabs. */
export class PageHost implements KeyboardHost {
  readonly #conditions: KeyboardConditions;
  readonly #opened = new WeakMap<Device, BrowserDevice>();

  constructor(
    private readonly server: string,
    storage: PageStorage,
  ) {
    const clock = createSystemClock();
    this.#conditions = new KeyboardConditions({ page: watchPage(window, clock), storage, clock, window });
  }

  async open(): Promise<Device> {
    const device = await createDevice({
      ...{ server: this.server, model: MODEL, featureLog: LOG },
      conditions: this.#conditions,
    });
    this.#opened.set(device, device);
    return device;
  }

  trainNow(): void {
    this.#conditions.trainNow();
  }

  roleOf(device: Device): KeyboardStatus["role"] {
    return this.#opened.get(device)?.role ?? "alone";
  }
}
