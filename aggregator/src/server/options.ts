import type { Clock } from "../clock/clock.js";
import type { EvaluationDataSource } from "../evaluation/evaluation-data.js";
import type { DriftPolicy } from "../drift/drift-policy.js";
import type { WebhookOptions } from "../drift/webhook/webhook-target.js";
import type { DeviceAdmin } from "../fleet/device-admin.js";
import type { LogLevel } from "../logging/logger.js";
import type { RetentionPolicy } from "../registry/retention/retention-policy.js";
import type { RolloutService } from "../rollouts/rollout-service.js";
import type { AggregatorService } from "../service.js";

/** A built page of an app. */
export interface AppPage {
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly directory: string;
}

export interface ServerOptions {
  readonly stateDirectory: string;
  readonly host: string;
  /** HTTP, page and MQTT over WebSocket; 0 takes a free port. */
  readonly httpPort: number;
  /** MQTT over TCP; 0 takes a free port. */
  readonly mqttPort: number;
  /** PostgreSQL in place of the embedded database. */
  readonly databaseUrl?: string;
  /** An operator's broker in place of the embedded one. */
  readonly brokerUrl?: string;
  /** What devices must show to enrol; every device may when absent. */
  readonly enrolmentKey?: string;
  /** Opens the signing keys, which are not encrypted when it is absent. */
  readonly keysPassphrase?: string;
  readonly tenantId?: string;
  /** Releases are signed for devices of this population; for all of the tenant's by default. */
  readonly population?: string;
  readonly logLevel?: LogLevel;
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly evaluationData?: EvaluationDataSource;
  /** Which versions are kept; see `DEFAULT_RETENTION`. */
  readonly retention?: Partial<RetentionPolicy>;
  /** How windows of devices are summed and shown; see `DEFAULT_DRIFT_POLICY`. */
  readonly drift?: Partial<DriftPolicy>;
  /** Where alerts of drift are told. */
  readonly driftWebhook?: WebhookOptions;
  /** Pages of apps that run a device, beside the operator's own. */
  readonly appPages?: readonly AppPage[];
  /** Clock of the rounds' deadlines; a simulation leaps with it. */
  readonly roundClock?: Clock;
}

export interface RunningServer {
  readonly service: AggregatorService;
  readonly rollouts: RolloutService;
  readonly devices: DeviceAdmin;
  readonly httpUrl: string;
  readonly mqttUrl: string;
  readonly webSocketUrl: string;
  readonly adminToken: string;
  readonly adminTokenFile: string;
  /** The link by which the first administrator makes his account, once within 24 hours; null when somebody has one. */
  readonly firstInvitationUrl: string | null;
  /** Says goodbye to devices, keeps everything, ends every thread and connection. Idempotent. */
  close(): Promise<void>;
}
