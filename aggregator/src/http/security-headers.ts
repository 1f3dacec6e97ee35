import type { MiddlewareHandler } from "hono";

/** Everything comes from this server; nothing is inline and nothing is evaluated. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * For a page that runs a device: it has engines in workers, compiles their WebAssembly, and speaks MQTT over WebSocket
 * with the host that it came from, which `'self'` means in new browsers only (CSP 3, section 6.7.2.8).
 */
export function appPageHeaders(host: string | undefined): Readonly<Record<string, string>> {
  // What is no name, address or port is nothing that a browser asks for, and could end the directive.
  const own = host !== undefined && /^[\w.[\]:-]+$/.test(host) ? ` ws://${host} wss://${host}` : "";
  const policy = PAGE_POLICY.replace(
    "script-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
  ).replace("connect-src 'self'", `connect-src 'self'${own}`);
  return { "Content-Security-Policy": policy };
}

const HEADERS = {
  "Content-Security-Policy": PAGE_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
} as const;

/** Sets the headers above on every response that has not chosen its own. */
export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) {
    if (!context.res.headers.has(name)) context.header(name, value);
  }
};
