import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";
import { SESSION_MAX_MS } from "../people/sessions.js";

export const SESSION_COOKIE = "fedge_session";
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** The session's secret that the browser sent, or null for none and for what cannot be one. */
export function sessionCookie(context: Context): string | null {
  const value = getCookie(context, SESSION_COOKIE);
  return value !== undefined && SECRET.test(value) ? value : null;
}

/** No script reads it, and no other site's page sends it. */
export function setSessionCookie(context: Context, secret: string): void {
  setCookie(context, SESSION_COOKIE, secret, { ...optionsOf(context), maxAge: SESSION_MAX_MS / 1000 });
}

export function clearSessionCookie(context: Context): void {
  deleteCookie(context, SESSION_COOKIE, optionsOf(context));
}

function optionsOf(context: Context): CookieOptions {
  return { path: "/", httpOnly: true, sameSite: "Strict", secure: isSecure(context) };
}

/** Behind a proxy that ends TLS the request itself is plain; the page's origin still tells. */
function isSecure(context: Context): boolean {
  const origin = context.req.header("Origin") ?? "";
  return new URL(context.req.url).protocol === "https:" || origin.startsWith("https://");
}
