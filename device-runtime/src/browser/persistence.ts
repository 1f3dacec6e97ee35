import type { Device } from "../core/device-interface.js";
import { closingAfter } from "../core/closing-after.js";

/** Storage Standard, section 4. Missing in a page that is not secure. */
export type PersistingStorage = Pick<StorageManager, "persist">;

/**
 * The device, which asks the browser to keep what it has learned when room runs out, once its person lets it train: some
 * browsers ask the person, who then knows what for. A no changes nothing.
 */
export function askingToPersist(device: Device, storage: PersistingStorage | undefined): Device {
  let isAsked = false;
  const ask = (): void => {
    if (isAsked || !device.status().consent.training) return;
    isAsked = true;
    storage?.persist().catch(() => undefined);
  };
  ask();
  return {
    ...closingAfter(device, () => undefined),
    setConsent: (consent) => {
      device.setConsent(consent);
      ask();
    },
  };
}
