import { FedgeError } from "@fedge/protocol";
import type { ServedMetadata } from "../../signing/served-metadata.js";
import { rawRoute, type RouteHost } from "../route.js";
import { metadataFileParams, targetFileParams } from "../schema/metadata-schema.js";

/** `/v1/metadata`: a TUF repository with consistent snapshots, for every client of the specification. */
export function addMetadataRoutes(host: RouteHost, metadata: ServedMetadata): void {
  const common = { method: "get", tag: "metadata", access: "public" } as const;
  rawRoute(host, {
    ...common,
    path: "/v1/metadata/{file}",
    summary: "Signed metadata: timestamp.json, or a root, snapshot or targets file with its version",
    params: metadataFileParams,
    produces: "application/json",
    respond: async ({ params }) => bytesResponse(params.file, await metadata.file(params.file)),
  });
  rawRoute(host, {
    ...common,
    path: "/v1/metadata/targets/models/{model}/{version}/{file}",
    summary: "A target: the manifest of a released version, its hash before its name",
    params: targetFileParams,
    produces: "application/json",
    respond: async ({ params: { model, version, file } }) => {
      const path = `models/${model}/${version}/${file}`;
      return bytesResponse(path, await metadata.target(path));
    },
  });
}

function bytesResponse(name: string, bytes: Uint8Array<ArrayBuffer> | undefined): Response {
  if (bytes === undefined) throw new FedgeError("TARGET_UNKNOWN", `${name} is not published`);
  // Only the timestamp changes under its name.
  const cache = name === "timestamp.json" ? "no-store" : "public, max-age=31536000, immutable";
  return new Response(bytes, { headers: { "Content-Type": "application/json", "Cache-Control": cache } });
}
