import { deviceClosed } from "./device-closed.js";
import type { Device } from "./device-interface.js";

/** The device with a `close`, and a `forget`, that free what it was given once it has ended; after either it is closed. */
export function closingAfter(device: Device, free: () => void | Promise<void>): Device {
  let ending: Promise<unknown> | null = null;
  const end = <T>(by: Promise<T>): Promise<T> => {
    const ended = by.finally(free);
    ending = ended;
    return ended;
  };
  return {
    model: (name) => device.model(name),
    log: (id, fields) => device.log(id, fields),
    label: (id, truth) => device.label(id, truth),
    featureLog: device.featureLog,
    on: (event, listener) => device.on(event, listener),
    status: () => device.status(),
    setConsent: (consent) => device.setConsent(consent),
    // What is being closed has nothing left to erase with.
    forget: () => (ending === null ? end(device.forget()) : Promise.reject(deviceClosed())),
    close: async () => void (await (ending ?? end(device.close()))),
  };
}
