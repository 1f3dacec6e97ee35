import type { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { alertsCsv, featureCsv, featuresCsv, modelsCsv, windowsCsv } from "../../drift/drift-csv.js";
import type { DriftService } from "../../drift/drift-service.js";
import { jsonRoute, rawRoute, type RouteHost } from "../route.js";
import {
  alertsQuery,
  driftAlerts,
  driftFeature,
  driftFeatures,
  driftModel,
  driftModelParams,
  driftModels,
  driftReference,
  driftWindows,
  featureParams,
  formatQuery,
  referenceQuery,
  viewQuery,
  windowsQuery,
} from "../schema/drift-schema.js";
import { addAlertActRoutes } from "./drift-alert-routes.js";

/** `/v1/drift`: what released windows say of the fleet; as JSON, or as CSV by `?format=csv` or `Accept: text/csv`. */
export function addDriftRoutes(host: RouteHost, drift: DriftService, nowMs: () => number): void {
  addModelRoutes(host, drift);
  addFeatureRoutes(host, drift);
  tableRoute(host, {
    path: "/v1/drift/alerts",
    summary: "Alerts of all models, newest first",
    query: alertsQuery,
    result: driftAlerts,
    answer: async ({ query: { model, open, limit } }) => {
      const ofModel = model === undefined ? {} : { model };
      const inState = open === undefined ? {} : { isOpen: open === "true" };
      return { alerts: await drift.alerts({ ...ofModel, ...inState, limit }) };
    },
    csv: ({ alerts }) => alertsCsv(alerts),
  });
  addReferenceRoute(host, drift);
  addAlertActRoutes(host, drift, nowMs);
}

function addReferenceRoute(host: RouteHost, drift: DriftService): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/drift/models/{model}/reference",
    tag: "drift",
    summary: "A reference profile of what the fleet counted in released windows, for a person to review",
    access: "read",
    ...{ params: driftModelParams, query: referenceQuery, result: driftReference },
    handle: ({ params, query: { predictions, ...query } }) =>
      drift.reference(params.model, { ...query, withPredictions: predictions === "true" }),
  });
}

function addModelRoutes(host: RouteHost, drift: DriftService): void {
  tableRoute(host, {
    path: "/v1/drift/models",
    summary: "The verdict on every monitored model",
    query: formatQuery,
    result: driftModels,
    answer: async () => ({ models: await drift.models() }),
    csv: ({ models }) => modelsCsv(models),
  });
  tableRoute(host, {
    path: "/v1/drift/models/{model}",
    summary: "One model: verdict, cohorts, how well it does, and its other versions beside it",
    params: driftModelParams,
    query: viewQuery,
    result: driftModel,
    answer: ({ params, query }) => drift.model(params.model, query),
    csv: (model) => modelsCsv([model]),
  });
}

function addFeatureRoutes(host: RouteHost, drift: DriftService): void {
  tableRoute(host, {
    path: "/v1/drift/models/{model}/features",
    summary: "A model's features in one window, worst and most important first",
    params: driftModelParams,
    query: viewQuery,
    result: driftFeatures,
    answer: async ({ params, query }) => ({ features: await drift.features(params.model, query) }),
    csv: ({ features }) => featuresCsv(features),
  });
  tableRoute(host, {
    path: "/v1/drift/models/{model}/features/{name}",
    summary:
      "One feature: counts and reference, every score with method and limit, cohorts, mix against change within",
    params: featureParams,
    query: viewQuery,
    result: driftFeature,
    answer: ({ params, query }) => drift.feature(params.model, params.name, query),
    csv: featureCsv,
  });
  tableRoute(host, {
    path: "/v1/drift/models/{model}/windows",
    summary: "Features by windows, with releases and alerts, and which cohorts are not shown",
    params: driftModelParams,
    query: windowsQuery,
    result: driftWindows,
    answer: ({ params, query }) => drift.windows(params.model, query),
    csv: windowsCsv,
  });
}

interface TableRoute<P extends z.ZodObject | undefined, Q extends z.ZodObject, R extends z.ZodType> {
  readonly path: string;
  readonly summary: string;
  readonly params?: P;
  readonly query: Q;
  readonly result: R;
  answer(call: {
    readonly params: P extends z.ZodObject ? z.output<P> : undefined;
    readonly query: z.output<Q>;
  }): Promise<z.output<R>>;
  csv(value: z.output<R>): string;
}

function tableRoute<
  Q extends z.ZodObject,
  R extends z.ZodType,
  P extends z.ZodObject | undefined = undefined,
>(host: RouteHost, route: TableRoute<P, Q, R>): void {
  const { path, summary, params, query, result } = route;
  rawRoute<P, Q>(host, {
    ...{ method: "get", tag: "drift", access: "read", produces: "application/json" },
    ...{ path, summary, query, result, ...(params === undefined ? {} : { params }) },
    respond: async (call) => {
      const value = await route.answer({ params: call.params as never, query: call.query as z.output<Q> });
      call.context.header("Cache-Control", "no-store");
      call.context.header("Vary", "Accept");
      if (!wantsCsv(call.context)) return call.context.json(value as object);
      return call.context.body(route.csv(value), 200, { "Content-Type": "text/csv; charset=utf-8" });
    },
  });
}

/** What the address says goes before what the header says. */
function wantsCsv(context: Context): boolean {
  const format = context.req.query("format");
  if (format !== undefined) return format === "csv";
  return (context.req.header("Accept") ?? "").split(",").some((type) => type.trim().startsWith("text/csv"));
}
