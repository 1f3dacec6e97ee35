import { describe, expect, test } from "vitest";
import type { Device } from "../core/device-interface.js";
import type { Consent } from "../core/ports/application.js";
import { askingToPersist } from "./persistence.js";

function deviceWith(training: boolean, persist: () => Promise<boolean> = () => Promise.resolve(true)) {
  let consent: Consent = { training, reporting: false };
  let numAsked = 0;
  const device = {
    status: () => ({ consent }),
    setConsent: (given: Partial<Consent>) => void (consent = { ...consent, ...given }),
  } as unknown as Device;
  const storage = {
    persist: () => {
      numAsked += 1;
      return persist();
    },
  };
  return { device: askingToPersist(device, storage), numAsked: () => numAsked };
}

describe("a device in a page", () => {
  test("asks for storage that stays when its person lets it train, once", () => {
    const { device, numAsked } = deviceWith(false);
    device.setConsent({ reporting: true });
    const before = numAsked();
    device.setConsent({ training: true });
    device.setConsent({ training: false });
    device.setConsent({ training: true });

    expect([before, numAsked()]).toEqual([0, 1]);
  });

  test("asks at its start when it was let before", () => {
    expect(deviceWith(true).numAsked()).toBe(1);
  });

  test("goes on when the browser refuses to be asked", async () => {
    const { device } = deviceWith(true, () => Promise.reject(new Error("not allowed")));
    await new Promise((resolve) => setImmediate(resolve));

    expect(device.status().consent.training).toBe(true);
  });
});
