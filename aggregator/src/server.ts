import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Aggregator } from "./aggregator-service.js";
import { createHttpApp, type HttpApp } from "./http/app.js";
import { listen } from "./http/listen.js";
import type { HttpAppOptions } from "./http/ports.js";
import { adminTokenCheck } from "./identity/admin-token.js";
import { createModelPreparer } from "./model-check/prepare-in-process.js";
import { invitationPath } from "./people/secrets.js";
import { brokerAddress } from "./server/broker-address.js";
import { Closing } from "./server/closing.js";
import { openFoundations, type Foundations } from "./server/foundations.js";
import { renderMetrics } from "./server/gauges.js";
import { servedMetadata } from "./signing/served-metadata.js";
import { startOrchestration, type Orchestration } from "./server/orchestration.js";
import type { RunningServer, ServerOptions } from "./server/options.js";

export type { RunningServer, ServerOptions } from "./server/options.js";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** A server with its inside, for a rehearsal that does what no caller may. */
export interface OpenedServer {
  readonly server: RunningServer;
  readonly base: Foundations;
  readonly orchestration: Orchestration;
}

/**
 * A whole aggregator in this process: database, broker, rounds, HTTP and page.
 *
 * Throws FedgeError with cause and remedy (STATE_DIRECTORY_…, PORT_TAKEN, DATABASE_FAILED, OPTION_INVALID); nothing
 * stays open then.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  return (await openServer(options)).server;
}

/** As `startServer`, with the parts that the server was made of. */
export async function openServer(options: ServerOptions): Promise<OpenedServer> {
  const closing = new Closing();
  try {
    const base = await openFoundations(options, closing);
    const orchestration = await startOrchestration(options, base, closing);
    return { server: await openHttp(options, base, { orchestration, closing }), base, orchestration };
  } catch (error) {
    await closing.close();
    throw error;
  }
}

async function openHttp(
  options: ServerOptions,
  base: Foundations,
  { orchestration, closing }: { readonly orchestration: Orchestration; readonly closing: Closing },
): Promise<RunningServer> {
  const service = createService(base, orchestration, options.appPages ?? []);
  const app = closing.add(createApp(options, base, { service, orchestration }), (opened) => opened.close());
  const listener = closing.add(await listen(app, { host: options.host, port: options.httpPort }), (opened) =>
    opened.close(),
  );
  base.broker?.attachWebSocket(listener.server);
  const authority = hostInUrl(options.host);
  const httpUrl = `http://${authority}:${listener.port}`;
  const { firstInvitation } = base;
  const brokerUrl = publicBrokerUrl(options);
  return {
    ...{ service, rollouts: orchestration.rollouts, devices: orchestration.devices },
    httpUrl,
    firstInvitationUrl: firstInvitation === null ? null : `${httpUrl}${invitationPath(firstInvitation)}`,
    mqttUrl: brokerUrl ?? `mqtt://${authority}:${base.broker?.tcpPort ?? options.mqttPort}`,
    webSocketUrl: `ws://${authority}:${listener.port}/mqtt`,
    adminToken: base.state.adminToken,
    adminTokenFile: base.state.paths.adminTokenFile,
    close: () => closing.close(),
  };
}

function createService(
  base: Foundations,
  { tasks, events, traffic, fleet, registry, signing }: Orchestration,
  appPages: NonNullable<ServerOptions["appPages"]>,
): Aggregator {
  const nowMs = (): number => base.clock.nowMs();
  return new Aggregator({
    ...{ store: base.store, blobs: base.blobs, tasks, traffic, fleet, nowMs },
    imported: (version) => registry.imported(version),
    prepare: createModelPreparer(),
    metadata: () => signing.expiries(),
    tenantId: base.tenantId,
    startedAtMs: nowMs(),
    appPages: appPages.map(({ path }) => path),
    onEvent: events.onEvent,
  });
}

function createApp(
  options: ServerOptions,
  base: Foundations,
  { service, orchestration }: { readonly service: Aggregator; readonly orchestration: Orchestration },
): HttpApp {
  const { blobs, identity, people, audit, metrics, clock, logger: log } = base;
  const { registry, signing, rollouts, devices, evaluations, drift } = orchestration;
  return createHttpApp({
    ...{
      service,
      registry,
      rollouts,
      evaluations,
      deviceAdmin: devices,
      drift: drift.monitoring,
      blobs,
      identity,
      people,
      audit,
      clock,
      log,
    },
    signedMetadata: servedMetadata(signing, blobs),
    isAdminToken: adminTokenCheck(base.state.adminToken),
    metrics: {
      contentType: metrics.contentType,
      render: () => renderMetrics(base, signing.expiries(), drift.monitoring),
    },
    health: () => checkHealth(base),
    mqttUrls: (requestUrl) => mqttUrls(requestUrl, options, base),
    dashboardDirectory: dashboardDirectory(),
    appPages: options.appPages ?? [],
    allowOpenReads: LOOPBACK.has(options.host),
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: options.allowedOrigins ?? [],
  });
}

/** The operator's broker as everybody may know it: never with the aggregator's own password. */
function publicBrokerUrl({ brokerUrl }: ServerOptions): string | undefined {
  return brokerUrl === undefined ? undefined : brokerAddress(brokerUrl).url;
}

/** A device reaches the broker under the name by which it reached this server. */
function mqttUrls(
  requestUrl: URL,
  options: ServerOptions,
  base: Foundations,
): ReturnType<HttpAppOptions["mqttUrls"]> {
  const secure = requestUrl.protocol === "https:" ? "wss:" : "ws:";
  const webSocketUrl = `${secure}//${requestUrl.host}/mqtt`;
  const brokerUrl = publicBrokerUrl(options);
  if (brokerUrl !== undefined) return { tcpUrl: brokerUrl, webSocketUrl: brokerUrl };
  return {
    tcpUrl: `mqtt://${requestUrl.hostname}:${base.broker?.tcpPort ?? options.mqttPort}`,
    webSocketUrl,
  };
}

async function checkHealth({ store, transport }: Foundations): ReturnType<HttpAppOptions["health"]> {
  const database = await store.countDevices().then(
    () => ({ ok: true }),
    (error: unknown) => ({ ok: false, detail: error instanceof Error ? error.message : String(error) }),
  );
  const broker = { ok: transport.isConnected() };
  return { status: database.ok && broker.ok ? "ok" : "degraded", checks: { database, broker } };
}

/** Absent in a checkout whose page was not built; everything else works without it. */
function dashboardDirectory(): string | null {
  const directory = fileURLToPath(new URL("./dashboard", import.meta.url));
  return existsSync(directory) ? directory : null;
}

function hostInUrl(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
