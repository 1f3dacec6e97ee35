import { lookup } from "mrmime";
import { readFile, realpath } from "node:fs/promises";
import { join, sep } from "node:path";

/** The scheme and host under which a page's files are served. */
export const APP_SCHEME = "app";
export const APP_ORIGIN = `${APP_SCHEME}://fedge`;

/** Nothing from elsewhere, no connection anywhere: the page reaches its device by a port. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Answers requests of `app://fedge/…` with files of the directory and nothing else: 404 for what is not there or lies
 * outside of it, also by a link; 405 for all but GET.
 */
export function createAppProtocol(directory: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET") return refusal(405);
    const url = new URL(request.url);
    if (url.origin !== APP_ORIGIN && `${url.protocol}//${url.host}` !== APP_ORIGIN) return refusal(404);
    const file = await fileIn(directory, url.pathname);
    if (file === null) return refusal(404);
    return new Response(new Uint8Array(file.bytes), { headers: headersOf(lookup(file.path)) });
  };
}

async function fileIn(
  directory: string,
  pathname: string,
): Promise<{ readonly path: string; readonly bytes: Buffer } | null> {
  try {
    const name = decodeURIComponent(pathname === "/" ? "/index.html" : pathname);
    if (name.includes("\0")) return null;
    const [root, path] = await Promise.all([realpath(directory), realpath(join(directory, name))]);
    if (!path.startsWith(root + sep)) return null;
    return { path, bytes: await readFile(path) };
  } catch (error) {
    if (error instanceof URIError || isMissing(error)) return null;
    throw error;
  }
}

const MISSING: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ENAMETOOLONG"]);

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && MISSING.has(error.code);
}

function refusal(status: number): Response {
  return new Response(null, { status, headers: headersOf(undefined) });
}

function headersOf(type: string | undefined): Record<string, string> {
  return {
    "content-type": type ?? "application/octet-stream",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
  };
}
