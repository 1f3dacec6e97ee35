import type { ModelName } from "@fedge/protocol";
import type { Connection } from "./connection/connection.js";
import type { DeviceModel, DeviceStatus } from "./device-interface.js";
import type { DeviceMemory } from "./feature-log/device-memory.js";
import type { Installs } from "./installs/installs.js";
import type { Learning } from "./learning.js";
import type { MonitorDesk } from "./monitor/monitor-desk.js";
import type { Consent } from "./ports/application.js";
import type { Problems } from "./problems.js";
import { ModelView } from "./model-view.js";
import type { ModelHost } from "./serving/model-host.js";
import type { WaitingReasons } from "./waiting-reasons.js";

export interface StatusParts {
  readonly connection: Connection;
  readonly hosts: ReadonlyMap<ModelName, ModelHost>;
  readonly installedAtMs: ReadonlyMap<string, number | null>;
  readonly installs: Installs;
  readonly engine: string;
  readonly memory: DeviceMemory;
  readonly learning: Learning;
  readonly problems: Problems;
  readonly monitoring: MonitorDesk;
  readonly waiting: WaitingReasons;
  readonly consent: Consent;
}

/** A model as the app uses it, whichever version serves. */
export function deviceModel(host: ModelHost): DeviceModel {
  return new ModelView(
    (inputs) => host.predict(inputs),
    () => host.active?.manifest.version ?? null,
  );
}

/** Where a device stands now. */
export function deviceStatus(of: StatusParts): DeviceStatus {
  const { connection, hosts, learning, engine, consent } = of;
  const perModel = <T>(valueOf: (model: ModelName) => T): Record<string, T> =>
    Object.fromEntries([...hosts.keys()].map((model) => [model, valueOf(model)]));
  return {
    deviceId: connection.credentials?.deviceId ?? null,
    isOnline: connection.isOnline,
    versions: perModel((model) => hosts.get(model)?.active?.manifest.version ?? null),
    installedAtMs: perModel((model) => of.installedAtMs.get(model) ?? null),
    installs: of.installs.statuses,
    engine,
    log: of.memory.status,
    round: { phase: learning.rounds.phase, roundId: learning.rounds.assignment?.roundId ?? null },
    trainings: learning.history.records,
    problems: of.problems.all,
    drift: of.monitoring.monitors?.status ?? {},
    waitingFor: of.waiting.reasons(),
    consent,
    ...connection.traffic,
  };
}
