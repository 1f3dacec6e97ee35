import type { MiddlewareHandler } from "hono";
import { hostOf, isKnownOrigin } from "./site-guard.js";

/** Lets devices that run in an allowed web app call the routes made for devices; everything else stays same-origin. */
export function deviceCors(allowedOrigins: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header("Origin");
    const host = hostOf(context.req.header("Host") ?? new URL(context.req.url).host);
    const isAllowed = origin !== undefined && host !== null && isKnownOrigin(origin, host, allowedOrigins);
    if (context.req.method === "OPTIONS") {
      return context.body(null, 204, isAllowed ? { ...corsOf(origin), ...PREFLIGHT } : {});
    }
    await next();
    if (isAllowed) {
      for (const [name, value] of Object.entries(corsOf(origin))) context.header(name, value);
    }
    return undefined;
  };
}

const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, POST",
  "Access-Control-Allow-Headers": "Authorization, Content-Type, Range",
  "Access-Control-Max-Age": "600",
};

function corsOf(origin: string): Record<string, string> {
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Range, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
    Vary: "Origin",
  };
}
