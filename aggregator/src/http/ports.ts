import type { DeviceId, TenantId } from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { Clock } from "../clock/clock.js";
import type { DriftService } from "../drift/drift-service.js";
import type { EvaluationService } from "../evaluation/federated/evaluation-service.js";
import type { DeviceAdminPort } from "../fleet/device-admin-port.js";
import type { RolloutService } from "../rollouts/rollout-service.js";
import type { AuditLog } from "../audit/audit-log.js";
import type { PeopleService } from "../people/people-service.js";
import type { RegistryService } from "../registry/registry-service.js";
import type { AggregatorService } from "../service.js";
import type { ServedMetadata } from "../signing/served-metadata.js";
import type { HealthBody } from "./schema/overview-schema.js";

export interface DeviceToken {
  readonly token: string;
  readonly expiresInMs: number;
  readonly serverTimeMs: number;
}

/** Who devices are. Every method throws FedgeError: TOKEN_INVALID, TOKEN_EXPIRED, DEVICE_UNKNOWN or ACCESS_DENIED. */
export interface DeviceIdentity {
  enrol(request: {
    readonly publicKey: string;
    readonly enrolmentKey?: string;
    readonly timestampMs: number;
    readonly proof: string;
  }): Promise<DeviceToken & { readonly deviceId: DeviceId; readonly tenantId: TenantId }>;
  refresh(
    deviceId: DeviceId,
    request: { readonly timestampMs: number; readonly signature: string },
  ): Promise<DeviceToken>;
  /** Deletes the device. */
  forget(
    deviceId: DeviceId,
    request: { readonly timestampMs: number; readonly signature: string },
  ): Promise<void>;
  /** The device that a token was issued to. */
  verifyToken(token: string): Promise<DeviceId>;
}

export interface MetricsPort {
  readonly contentType: string;
  /** Prometheus text exposition. */
  render(): Promise<string>;
}

export interface HttpLog {
  error(details: Readonly<Record<string, unknown>>, message: string): void;
}

export interface MqttUrls {
  readonly tcpUrl: string;
  readonly webSocketUrl: string;
}

export interface HttpAppOptions {
  readonly service: AggregatorService;
  /** Without it there are no routes of rollouts. */
  readonly rollouts?: RolloutService;
  /** Without it there are no routes that change devices and groups. */
  readonly deviceAdmin?: DeviceAdminPort;
  /** Without it there are no routes of evaluations on devices. */
  readonly evaluations?: EvaluationService;
  /** Without it there are no routes of drift. */
  readonly drift?: DriftService;
  readonly registry: RegistryService;
  readonly blobs: Pick<BlobStore, "get">;
  readonly signedMetadata: ServedMetadata;
  readonly identity: DeviceIdentity;
  /** Constant-time comparison with the admin token. */
  readonly isAdminToken: (token: string) => boolean;
  readonly people: PeopleService;
  readonly audit: Pick<AuditLog, "append" | "list" | "verify">;
  readonly metrics: MetricsPort;
  readonly health: () => Promise<HealthBody>;
  readonly clock: Clock;
  readonly log: HttpLog;
  /** Where a device that reached us as `requestUrl` finds the broker. */
  readonly mqttUrls: (requestUrl: URL) => MqttUrls;
  /** Built page, or null to serve none. */
  readonly dashboardDirectory: string | null;
  /** Built pages of apps that run a device. */
  readonly appPages?: readonly { readonly path: string; readonly directory: string }[];
  /** Lets anybody read who can connect; for a server that listens on loopback only. */
  readonly allowOpenReads: boolean;
  /** Host names that this server answers to beside IP addresses and localhost. */
  readonly allowedHosts: readonly string[];
  /** Origins of web apps whose devices may call; loopback pages may always call a loopback server. */
  readonly allowedOrigins: readonly string[];
  /** Enrolments that one address may make. */
  readonly enrolmentRate?: { readonly perSecond: number; readonly burst: number };
  readonly maxModelBytes?: number;
}
