import { z } from "@hono/zod-openapi";
import type { HttpAppOptions } from "../ports.js";
import { jsonRoute, rawRoute, type RouteHost } from "../route.js";
import { healthBody, overviewBody } from "../schema/overview-schema.js";

/** `/v1/overview`, `/healthz` and `/metrics`. */
export function addSystemRoutes(
  host: RouteHost,
  options: Pick<HttpAppOptions, "service" | "metrics" | "health">,
): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/overview",
    tag: "system",
    summary: "Fleet, tasks, models and traffic at a glance",
    access: "read",
    result: overviewBody,
    handle: () => options.service.overview(),
  });
  rawRoute(host, {
    method: "get",
    path: "/healthz",
    tag: "system",
    summary: "Whether store, broker and workers are well; 503 when one is not",
    access: "public",
    produces: "application/json",
    result: healthBody,
    respond: async ({ context }) => {
      const health = await options.health();
      return context.json(health, health.status === "ok" ? 200 : 503, { "Cache-Control": "no-store" });
    },
  });
  rawRoute(host, {
    method: "get",
    path: "/metrics",
    tag: "system",
    summary: "Prometheus metrics",
    access: "read",
    produces: "text/plain",
    result: z.string(),
    respond: async () => {
      const text = await options.metrics.render();
      return new Response(text, { headers: { "Content-Type": options.metrics.contentType } });
    },
  });
}
