import type { DeviceStatus } from "../../core/device-interface.js";
import type { Consent } from "../../core/ports/application.js";

/** What a tab knows of the device before the one that leads has told. */
export function unknownStatus(models: readonly string[], consent: Partial<Consent>): DeviceStatus {
  const none = Object.fromEntries(models.map((model) => [model, null]));
  return {
    deviceId: null,
    isOnline: false,
    versions: none,
    installedAtMs: none,
    installs: none,
    engine: "",
    log: { numRows: 0, sizeBytes: 0, maxRows: 0, maxBytes: 0, maxAgeMs: 0, purpose: null },
    trainings: [],
    problems: [],
    drift: {},
    waitingFor: ["not connected"],
    round: { phase: "resting", roundId: null },
    consent: { training: false, reporting: false, ...consent },
    bytesUp: 0,
    bytesDown: 0,
    numMessagesRefused: 0,
  };
}
