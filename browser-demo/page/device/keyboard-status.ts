import type { Device, DeviceStatus } from "@fedge/device-runtime";
import type { KeyboardStatus } from "../keyboard-device.js";
import { MODEL } from "./keyboard-model.js";

const PHASES: Readonly<Record<string, KeyboardStatus["training"]["phase"]>> = {
  waiting: "waiting",
  training: "training",
  reporting: "sending",
};

/** A device's status as the panel shows it. */
export function keyboardStatusOf(
  device: Pick<Device, "status">,
  { role, problem }: Pick<KeyboardStatus, "role" | "problem">,
): KeyboardStatus {
  const status = device.status();
  const { isOnline, engine, log, consent, waitingFor, round, bytesUp } = status;
  return {
    model: modelOf(status),
    engine: engine === "" ? null : engine,
    // A browser that knows to be offline says so before a connection is found dead.
    connection: !navigator.onLine ? "offline" : isOnline ? "online" : "connecting",
    role,
    log,
    eligibility: { isEligible: waitingFor.length === 0, reasons: waitingFor },
    training: { phase: PHASES[round.phase] ?? "idle", last: lastTrainingOf(status) },
    sent: status.trainings
      .filter(({ sentBytes }) => sentBytes > 0)
      .map(({ atMs, sentBytes }) => ({ atMs, what: "update of the model", sizeBytes: sentBytes }))
      .reverse(),
    bytesUp,
    consent,
    problem: problem ?? status.problems[0]?.message ?? null,
  };
}

/** Before the device has started. */
export const STARTING: KeyboardStatus = {
  model: null,
  engine: null,
  connection: "connecting",
  role: "alone",
  log: { numRows: 0, sizeBytes: 0 },
  eligibility: { isEligible: false, reasons: ["the device starts"] },
  training: { phase: "idle", last: null },
  sent: [],
  bytesUp: 0,
  consent: { training: false, reporting: false },
  problem: null,
};

function modelOf({ versions, installedAtMs }: DeviceStatus): KeyboardStatus["model"] {
  const version = versions[MODEL] ?? null;
  if (version === null) return null;
  return { name: MODEL, version, sinceMs: installedAtMs[MODEL] ?? Date.now() };
}

function lastTrainingOf({ trainings }: DeviceStatus): KeyboardStatus["training"]["last"] {
  const [last] = trainings;
  if (last === undefined || last.lossBefore === null || last.lossAfter === null) return null;
  const { atMs, numExamples, lossBefore, lossAfter, sizeBytes } = last;
  return { atMs, numExamples, lossBefore, lossAfter, sentBytes: sizeBytes };
}
