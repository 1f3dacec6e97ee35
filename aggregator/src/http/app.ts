import { OpenAPIHono } from "@hono/zod-openapi";
import { FedgeError } from "@fedge/protocol";
import { bodyLimit } from "hono/body-limit";
import { requireAccess } from "./access.js";
import { deviceCors } from "./device-cors.js";
import { errorResponse } from "./errors.js";
import { EventStreams } from "./event-stream.js";
import { LiveFeed } from "./live-feed.js";
import { openApiDocument } from "./openapi.js";
import type { HttpAppOptions } from "./ports.js";
import { rawRoute, type RouteHost } from "./route.js";
import { addAccountRoutes } from "./routes/account-routes.js";
import { addPasswordRoutes } from "./routes/password-routes.js";
import { addAuditRoutes } from "./routes/audit-routes.js";
import { addBlobRoutes } from "./routes/blob-routes.js";
import { addDeviceRoutes } from "./routes/device-routes.js";
import { addEvaluationRoutes } from "./routes/evaluation-routes.js";
import { addDriftRoutes } from "./routes/drift-routes.js";
import { addMetadataRoutes } from "./routes/metadata-routes.js";
import { DEFAULT_MAX_MODEL_BYTES, addModelRoutes } from "./routes/model-routes.js";
import { addFleetAdminRoutes, addTimelineRoute } from "./routes/fleet-routes.js";
import { addRolloutRoutes } from "./routes/rollout-routes.js";
import { addSessionRoutes } from "./routes/session-routes.js";
import { BUNDLES_PATH, addRegistryRoutes } from "./routes/registry-routes.js";
import { addSystemRoutes } from "./routes/system-routes.js";
import { addTaskRoutes } from "./routes/task-routes.js";
import { feedMessage } from "./schema/overview-schema.js";
import { appPageHeaders, securityHeaders } from "./security-headers.js";
import { SESSION_COOKIE } from "./session-cookie.js";
import { siteGuard } from "./site-guard.js";
import { staticFiles } from "./static-files.js";

export interface HttpApp {
  /** Answers one request; never rejects. */
  readonly fetch: (request: Request, env?: object) => Response | Promise<Response>;
  readonly app: OpenAPIHono;
  /** Ends the event streams; idempotent. */
  close(): void;
}

/** Largest JSON body: a task is a few kilobytes. */
const MAX_JSON_BYTES = 64 * 1024;

/** The aggregator's HTTP interface as a function from request to response. */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const app = new OpenAPIHono();
  const feed = new LiveFeed(options);
  addGuards(app, options);
  addRoutes({ app, access: options, audit: options.audit }, options, feed);
  for (const { path, directory } of options.appPages ?? []) {
    app.use("*", staticFiles(directory, path, appPageHeaders));
    app.get(path.slice(0, -1), (context) => context.redirect(path));
  }
  if (options.dashboardDirectory !== null) app.use("*", staticFiles(options.dashboardDirectory));
  app.notFound((context) => {
    const error = new FedgeError(
      "ROUTE_UNKNOWN",
      `no route for ${context.req.method} ${context.req.path}; /openapi.json lists them`,
    );
    return errorResponse(context, error, options.log);
  });
  return { app, fetch: (request, env) => app.fetch(request, env ?? {}), close: () => feed.close() };
}

function addGuards(app: OpenAPIHono, options: HttpAppOptions): void {
  app.onError((error, context) => errorResponse(context, error, options.log));
  app.use("*", securityHeaders);
  app.use("*", siteGuard(options));
  const cors = deviceCors(options.allowedOrigins);
  for (const path of [
    "/v1/devices",
    "/v1/devices/:deviceId/token",
    "/v1/devices/:deviceId/forget",
    "/v1/blobs/:sha256",
  ])
    app.use(path, cors);
  const maxModelBytes = options.maxModelBytes ?? DEFAULT_MAX_MODEL_BYTES;
  const json = limitTo(MAX_JSON_BYTES);
  const model = limitTo(maxModelBytes);
  const large = new Set(["/v1/models", BUNDLES_PATH]);
  app.use("*", (context, next) => (large.has(context.req.path) ? model : json)(context, next));
}

function limitTo(maxSize: number): ReturnType<typeof bodyLimit> {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new FedgeError("MESSAGE_TOO_LARGE", `the body is larger than ${maxSize} bytes; send less`, {
        details: { maxBytes: maxSize },
      });
    },
  });
}

function documentCredentials({ openAPIRegistry }: OpenAPIHono): void {
  openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  const session = { type: "apiKey", in: "cookie", name: SESSION_COOKIE } as const;
  openAPIRegistry.registerComponent("securitySchemes", "session", session);
}

function addRoutes(host: RouteHost, options: HttpAppOptions, feed: LiveFeed): void {
  const { app } = host;
  documentCredentials(app);
  addSystemRoutes(host, options);
  addTaskRoutes(host, options.service);
  addModelRoutes(host, options.service);
  addRegistryRoutes(host, options.registry);
  addDeviceRoutes(host, options);
  addDeliveryRoutes(host, options);
  addBlobRoutes(host, options.blobs);
  addSessionRoutes(host, options);
  addAccountRoutes(host, options);
  addPasswordRoutes(host, options);
  addAuditRoutes(host, options.audit);
  addMetadataRoutes(host, options.signedMetadata);
  const streams = new EventStreams(feed);
  rawRoute(host, {
    method: "get",
    path: "/v1/events",
    tag: "events",
    summary: "Server-sent events: the present state, then every change",
    access: "read",
    produces: "text/event-stream",
    result: feedMessage,
    respond: async ({ context }) => streams.open(() => requireAccess(context, "read", host.access)),
  });
  app.get("/openapi.json", (context) => context.json(openApiDocument(app)));
}

function addDeliveryRoutes(
  host: RouteHost,
  { rollouts, deviceAdmin, evaluations, drift, clock, service }: HttpAppOptions,
): void {
  if (rollouts !== undefined) {
    addRolloutRoutes(host, { rollouts, clock });
    addTimelineRoute(host, { rollouts, service });
  }
  if (deviceAdmin !== undefined) addFleetAdminRoutes(host, deviceAdmin);
  if (evaluations !== undefined) addEvaluationRoutes(host, { evaluations, service });
  if (drift !== undefined) addDriftRoutes(host, drift, () => clock.nowMs());
}
