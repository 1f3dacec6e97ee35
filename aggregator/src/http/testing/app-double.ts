import { FedgeError, type DeviceId, type Sha256, type TenantId } from "@fedge/protocol";
import { ManualClock } from "../../clock/manual-clock.js";
import { createPeopleDouble, type PeopleDouble } from "../../people/testing/people-double.js";
import { createHttpApp, type HttpApp } from "../app.js";
import type { HttpAppOptions } from "../ports.js";
import { DeviceAdminDouble } from "./device-admin-double.js";
import { DriftDouble } from "./drift-double.js";
import { EvaluationDouble } from "./evaluation-double.js";
import { RolloutDouble } from "./rollout-double.js";
import { RegistryDouble } from "./registry-double.js";
import { ServiceDouble } from "./service-double.js";

/** What a device is told of the signed metadata when it enrols. */
const ROOT_OF_DOUBLE = { sha256: "a".repeat(64) as Sha256, sizeBytes: 2000 };

export const ADMIN_TOKEN = "admin-token-of-the-test";
export const DEVICE_TOKEN = "token-of-device-1";

export interface AppDouble {
  readonly service: ServiceDouble;
  readonly rollouts: RolloutDouble;
  readonly deviceAdmin: DeviceAdminDouble;
  readonly registry: RegistryDouble;
  readonly drift: DriftDouble;
  readonly clock: ManualClock;
  readonly http: HttpApp;
  readonly people: PeopleDouble;
  /** What was logged as an error. */
  readonly errors: string[];
  /** Sends a request to 127.0.0.1:8787. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

const SIGNED_METADATA: HttpAppOptions["signedMetadata"] = {
  newestRoot: () => Promise.resolve(ROOT_OF_DOUBLE),
  file: () => Promise.resolve(undefined),
  target: () => Promise.resolve(undefined),
};

/** The HTTP app over an aggregator in memory. */
export function createAppDouble(change: Partial<HttpAppOptions> = {}): AppDouble {
  const service = new ServiceDouble();
  const rollouts = new RolloutDouble();
  const deviceAdmin = new DeviceAdminDouble(service);
  const registry = new RegistryDouble();
  const clock = new ManualClock();
  const drift = new DriftDouble(() => clock.nowMs());
  const errors: string[] = [];
  const people = createPeopleDouble(clock);
  const http = createHttpApp({
    service,
    rollouts,
    deviceAdmin,
    evaluations: new EvaluationDouble(),
    drift,
    people: people.people,
    audit: people.audit,
    registry,
    blobs: { get: (name: Sha256) => readBlob(service, name) },
    signedMetadata: SIGNED_METADATA,
    identity: identityDouble(),
    isAdminToken: (token) => token === ADMIN_TOKEN,
    metrics: {
      contentType: "text/plain; version=0.0.4",
      render: () => Promise.resolve("fedge_rounds_total 3\n"),
    },
    health: () => Promise.resolve({ status: "ok", checks: { store: { ok: true } } }),
    clock,
    log: { error: (_details, message) => void errors.push(message) },
    mqttUrls: (url) => ({ tcpUrl: `mqtt://${url.hostname}:1883`, webSocketUrl: `ws://${url.host}/mqtt` }),
    dashboardDirectory: null,
    allowOpenReads: true,
    allowedHosts: [],
    allowedOrigins: [],
    ...change,
  });
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    Promise.resolve(http.fetch(new Request(`http://127.0.0.1:8787${path}`, init)));
  return { service, registry, rollouts, deviceAdmin, drift, clock, http, people, errors, ask };
}

async function readBlob(service: ServiceDouble, name: Sha256): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await service.readBlob({ sha256: name, sizeBytes: 1 }));
}

function identityDouble(): HttpAppOptions["identity"] {
  const token = { token: DEVICE_TOKEN, expiresInMs: 3_600_000, serverTimeMs: 1_700_000_000_000 };
  return {
    enrol: ({ enrolmentKey }) =>
      enrolmentKey === "wrong"
        ? Promise.reject(new FedgeError("ACCESS_DENIED", "a wrong enrolment key"))
        : Promise.resolve({ ...token, deviceId: "device-1" as DeviceId, tenantId: "default" as TenantId }),
    refresh: () => Promise.resolve(token),
    forget: () => Promise.resolve(),
    verifyToken: (given) =>
      given === DEVICE_TOKEN
        ? Promise.resolve("device-1" as DeviceId)
        : Promise.reject(new FedgeError("TOKEN_INVALID", "not a token of this server")),
  };
}
