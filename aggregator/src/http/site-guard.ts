import { FedgeError } from "@fedge/protocol";
import type { Context, MiddlewareHandler } from "hono";

export interface SiteGuardOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses requests that a foreign web page makes a browser send.
 *
 * A page that rebinds its own name to our address still names itself in `Host`, so only names we know pass; an IP
 * address cannot be rebound and always passes. A mutating request with an `Origin` must come from our own page or
 * an allowed one. Throws ACCESS_DENIED.
 */
export function siteGuard(options: SiteGuardOptions): MiddlewareHandler {
  const allowedHosts = new Set(options.allowedHosts.map((host) => host.toLowerCase()));
  return async (context, next) => {
    const host = hostOf(context.req.header("Host") ?? new URL(context.req.url).host);
    if (host === null || !isKnownHost(host.hostname, allowedHosts)) {
      throw new FedgeError(
        "ACCESS_DENIED",
        `this server does not answer to the host name in the request; use its IP address or add the name with --allowed-host`,
      );
    }
    const origin = context.req.header("Origin");
    if (!SAFE_METHODS.has(context.req.method) && origin !== undefined) {
      if (!isKnownOrigin(origin, host, options.allowedOrigins)) {
        throw new FedgeError(
          "ACCESS_DENIED",
          `a page of another origin sent this request; add the origin with --allowed-origin if the page is yours`,
          { details: { origin } },
        );
      }
    }
    await next();
  };
}

/**
 * Throws ACCESS_DENIED when a changing request in a person's session does not come from our own page.
 *
 * `SameSite=Strict` keeps other sites away, but to a browser every port of a host is the same site, and the origins
 * that devices call from are not ours either: only this very origin acts for a person.
 */
export function assertOwnPage(context: Context): void {
  if (SAFE_METHODS.has(context.req.method)) return;
  const origin = context.req.header("Origin");
  const host = hostOf(context.req.header("Host") ?? new URL(context.req.url).host);
  if (origin !== undefined && host !== null && isOwnOrigin(origin, host)) return;
  throw new FedgeError(
    "ACCESS_DENIED",
    "in a session only the server's own page changes things; a program takes an API token (`fedge token create`)",
    { details: { origin: origin ?? null } },
  );
}

function isOwnOrigin(origin: string, host: URL): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.host;
}

/** True for our own origin, an allowed one, and a loopback page that calls a loopback server. */
export function isKnownOrigin(origin: string, host: URL, allowedOrigins: readonly string[]): boolean {
  if (allowedOrigins.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.host === host.host || (isLoopback(url.hostname) && isLoopback(host.hostname));
}

/** The `Host` header as a URL, or null when it is not one. */
export function hostOf(header: string): URL | null {
  if (!/^[A-Za-z0-9.:[\]_-]{1,255}$/.test(header) || !URL.canParse(`http://${header}`)) return null;
  return new URL(`http://${header}`);
}

/** True for localhost, names under it, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

function isKnownHost(hostname: string, allowedHosts: ReadonlySet<string>): boolean {
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(hostname) || hostname.startsWith("[");
  return isAddress || isLoopback(hostname) || allowedHosts.has(hostname);
}
