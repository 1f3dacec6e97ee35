import {
  PROTOCOL_VERSION,
  decodeWith,
  encodeEnvelope,
  serverStateTopic,
  tenantId as tenantIdSchema,
  type MessageId,
  type ServerState,
  type TenantId,
} from "@fedge/protocol";
import { openFileBlobStore } from "../blobs/file-blob-store.js";
import type { BlobStore } from "../blobs/port.js";
import { openEmbeddedBroker, type EmbeddedBroker } from "../broker/embedded-broker.js";
import { openMqttServerTransport, type MqttServerTransportOptions } from "../broker/mqtt-server-transport.js";
import type { ServerTransport } from "../broker/port.js";
import { createSystemClock } from "../clock/system-clock.js";
import type { Clock } from "../clock/clock.js";
import { createDeviceIdentity, type DeviceIdentityService } from "../identity/device-identity.js";
import { createDeviceTokens } from "../identity/device-tokens.js";
import { MonitoredVersions } from "../drift/references/monitored-version.js";
import { nodeSecureRandom } from "../identity/secure-random.js";
import { createLogger, type Logger } from "../logging/logger.js";
import { createMetrics, type Metrics } from "../metrics/metrics.js";
import { openStateDirectory, type StateDirectory } from "../state-directory/state-directory.js";
import { openEmbeddedStore } from "../store/embedded-store.js";
import { openPostgresStore } from "../store/postgres-store.js";
import type { DatabaseStore } from "../store/drizzle-store.js";
import type { Closing } from "./closing.js";
import { brokerAddress } from "./broker-address.js";
import { openPeople, type People } from "./people.js";
import type { ServerOptions } from "./options.js";

/** What everything else stands on. */
export interface Foundations extends People {
  readonly tenantId: TenantId;
  readonly clock: Clock;
  /** Names this run of the server; larger than that of the run before. */
  readonly session: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly state: StateDirectory;
  readonly store: DatabaseStore;
  readonly blobs: BlobStore;
  readonly monitoredVersions: MonitoredVersions;
  readonly identity: DeviceIdentityService;
  readonly transport: ServerTransport;
  /** Null when an operator's broker is used. */
  readonly broker: EmbeddedBroker | null;
}

/** Opens state, database, blobs and broker. What was opened before a failure is closed by `closing`. */
export async function openFoundations(options: ServerOptions, closing: Closing): Promise<Foundations> {
  const context = { what: "--tenant", code: "OPTION_INVALID" } as const;
  const tenantId = decodeWith(tenantIdSchema, options.tenantId ?? "default", context);
  const clock = createSystemClock();
  const state = await openStateDirectory({ directory: options.stateDirectory, random: nodeSecureRandom });
  closing.add(state, (directory) => directory.close());
  const logger = closing.add(createLogger({ level: options.logLevel ?? "warn", file: null }), (log) =>
    log.close(),
  );
  const onFault = (name: string, error: unknown): void =>
    logger.error({ err: error, name }, "a metric was reported wrongly");
  const metrics = createMetrics({ withProcessMetrics: true, onFault });
  const store = closing.add(await openStore(options, state), (opened) => opened.close());
  const blobs = closing.add(await openFileBlobStore({ directory: state.paths.blobs }), (opened) =>
    opened.close(),
  );
  const tokens = createDeviceTokens({ secret: state.tokenSecret, tenantId, clock });
  const enrolmentKey = options.enrolmentKey ?? null;
  const identity = createDeviceIdentity({ tenantId, store, tokens, clock, enrolmentKey });
  const session = clock.nowMs();
  const people = await openPeople({ store, state, clock, logger });
  const monitoredVersions = new MonitoredVersions({ store, blobs });
  const stores = { state, store, blobs, monitoredVersions };
  const base = { tenantId, clock, session, logger, metrics, ...stores, identity, ...people };
  return { ...base, ...(await openTransport(options, base, closing)) };
}

function openStore(options: ServerOptions, state: StateDirectory): Promise<DatabaseStore> {
  if (options.databaseUrl !== undefined) return openPostgresStore({ url: options.databaseUrl });
  return openEmbeddedStore({ directory: state.paths.database });
}

async function openTransport(
  options: ServerOptions,
  parts: Pick<Foundations, "tenantId" | "clock" | "session" | "logger" | "metrics" | "identity">,
  closing: Closing,
): Promise<Pick<Foundations, "transport" | "broker">> {
  const { tenantId, clock, logger, metrics, identity } = parts;
  if (options.brokerUrl !== undefined) {
    const clientId = `fedge-aggregator-${tenantId}`;
    const will = lastWill(parts);
    const address = brokerAddress(options.brokerUrl);
    const transport = await openMqttServerTransport({ ...address, clientId, clock, logger, will });
    return { transport: closing.add(transport, (opened) => opened.close()), broker: null };
  }
  const broker = await openEmbeddedBroker({
    tenantId,
    clock,
    logger,
    counters: metrics,
    verifyClaims: (token) => identity.verifyClaims(token),
    tcp: { host: options.host, port: options.mqttPort },
  });
  closing.add(broker, (opened) => opened.close());
  return { transport: broker.transport, broker };
}

/** What an operator's broker tells the devices when this process is killed. */
function lastWill({
  tenantId,
  clock,
  session,
}: Pick<Foundations, "tenantId" | "clock" | "session">): NonNullable<MqttServerTransportOptions["will"]> {
  const body: ServerState = { type: "server-state", presence: "offline", session };
  const id = `${session}-will` as MessageId;
  const header = { v: PROTOCOL_VERSION, id, sentAtMs: clock.nowMs(), session, seq: 0 } as const;
  return { topic: serverStateTopic(tenantId), payload: encodeEnvelope({ ...header, body }) };
}
