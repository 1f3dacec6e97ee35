import { z } from "@hono/zod-openapi";
import { FedgeError } from "@fedge/protocol";
import type { Context } from "hono";
import type { BlobStore } from "../../blobs/port.js";
import { parseByteRange } from "../byte-range.js";
import { rawRoute, type RouteHost } from "../route.js";
import { sha256Text } from "../schema/basic-schema.js";

/** `/v1/blobs/{sha256}`: immutable bytes, whole or one range of them. */
export function addBlobRoutes(host: RouteHost, blobs: Pick<BlobStore, "get">): void {
  rawRoute(host, {
    method: "get",
    path: "/v1/blobs/{sha256}",
    tag: "blobs",
    summary: "The bytes with this hash; `Range: bytes=first-last` gives a part",
    access: "bytes",
    params: z.object({ sha256: sha256Text }),
    produces: "application/octet-stream",
    respond: async ({ params, context }) =>
      blobResponse(context, params.sha256, await blobs.get(params.sha256)),
  });
}

function blobResponse(context: Context, name: string, bytes: Uint8Array<ArrayBuffer>): Response {
  const headers = {
    "Content-Type": "application/octet-stream",
    "Accept-Ranges": "bytes",
    // A hash never names other bytes; the token keeps shared caches out.
    "Cache-Control": "private, max-age=31536000, immutable",
    ETag: `"${name}"`,
  };
  const range = parseByteRange(context.req.header("Range"), bytes.byteLength);
  if (range === "unsatisfiable") {
    const error = new FedgeError(
      "OPTION_INVALID",
      `the blob has ${bytes.byteLength} bytes; ask for a range inside`,
    );
    return context.json({ error: { code: error.code, message: error.message, details: {} } }, 416, {
      "Content-Range": `bytes */${bytes.byteLength}`,
    });
  }
  if (range === "whole") {
    return new Response(bytes, { headers: { ...headers, "Content-Length": String(bytes.byteLength) } });
  }
  return new Response(bytes.subarray(range.first, range.last + 1), {
    status: 206,
    headers: {
      ...headers,
      "Content-Length": String(range.last - range.first + 1),
      "Content-Range": `bytes ${range.first}-${range.last}/${bytes.byteLength}`,
    },
  });
}
