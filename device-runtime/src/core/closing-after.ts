import type { Device } from "./device-interface.js";

/** The device with a `close`, and a `forget`, that free what it was given once it has ended. */
export function closingAfter(device: Device, free: () => void | Promise<void>): Device {
  let freeing: Promise<void> | null = null;
  const freed = async (): Promise<void> => {
    await (freeing ??= Promise.resolve(free()));
  };
  return {
    model: (name) => device.model(name),
    log: (id, fields) => device.log(id, fields),
    label: (id, truth) => device.label(id, truth),
    featureLog: device.featureLog,
    on: (event, listener) => device.on(event, listener),
    status: () => device.status(),
    setConsent: (consent) => device.setConsent(consent),
    forget: () => device.forget().finally(freed),
    close: () => device.close().finally(freed),
  };
}
