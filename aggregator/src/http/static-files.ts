import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import type { MiddlewareHandler } from "hono";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".onnx": "application/octet-stream",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/**
 * Serves the files that are in `directory` now, `index.html` for its folder. Only listed names are ever opened, so
 * no path leads outside. Headers are made for the host that was asked. Files under `assets/` carry a hash in their name and are cached for good.
 */
export function staticFiles(
  directory: string,
  mountPath = "/",
  headersFor: (host: string | undefined) => Readonly<Record<string, string>> = () => ({}),
): MiddlewareHandler {
  const fileOf = listFiles(directory);
  return async (context, next) => {
    const isRead = context.req.method === "GET" || context.req.method === "HEAD";
    const path = decodedPath(context.req.path);
    if (!isRead || !path.startsWith(mountPath)) return next();
    const name = path.slice(mountPath.length);
    const file = fileOf.get(name === "" || name.endsWith("/") ? `${name}index.html` : name);
    if (file === undefined) return next();
    return context.body(await readFile(file), 200, {
      "Content-Type": MEDIA_TYPES[extname(file)] ?? "application/octet-stream",
      "Cache-Control": name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      ...headersFor(context.req.header("host")),
    });
  };
}

function listFiles(directory: string): ReadonlyMap<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((file) => [file.slice(directory.length + 1).replaceAll(sep, "/"), file]));
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return ""; // no file has such a name
  }
}
