import { FedgeError, MAX_BLOB_BYTES } from "@fedge/protocol";
import type { Context } from "hono";
import type { AggregatorService } from "../../service.js";
import { importRequest, type ImportBody } from "../import-request.js";
import { decodeProfilePackage } from "../../registry/profiles/profile-package.js";
import { jsonRoute, rawRoute, type RouteHost } from "../route.js";
import { modelParams, pageQuery, versionParams } from "../schema/basic-schema.js";
import {
  exportQuery,
  importQuery,
  layersFileParams,
  modelList,
  versionDetail,
  versionList,
  importReport,
} from "../schema/model-schema.js";

export const DEFAULT_MAX_MODEL_BYTES = MAX_BLOB_BYTES;

/** `/v1/models`: versions, import and export. */
export function addModelRoutes(host: RouteHost, service: AggregatorService): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/models",
    tag: "models",
    summary: "Every model",
    access: "read",
    result: modelList,
    handle: async () => ({ models: await service.listModels() }),
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/models/{model}/versions",
    tag: "models",
    summary: "Versions of a model, oldest first",
    access: "read",
    params: modelParams,
    query: pageQuery,
    result: versionList,
    handle: async ({ params, query }) => ({ versions: await service.listVersions(params.model, query) }),
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/models/{model}/versions/{version}",
    tag: "models",
    summary: "One version and its manifest",
    access: "read",
    params: versionParams,
    result: versionDetail,
    handle: ({ params }) => service.getVersion(params.model, params.version),
  });
  addImport(host, service);
  addExport(host, service);
  addLayersExport(host, service);
}

function addImport(host: RouteHost, service: AggregatorService): void {
  rawRoute(host, {
    method: "post",
    path: "/v1/models",
    tag: "models",
    summary: "Import an ONNX file as version 1 of a new model, or as the next version of a known one",
    access: "models",
    query: importQuery,
    consumes: "application/octet-stream",
    produces: "application/json",
    result: importReport,
    status: 201,
    respond: async ({ query, context, actor }) => {
      const request = importRequest(query, await importBody(context, query.body));
      return context.json(await service.importModel({ ...request, actor }), 201);
    },
  });
}

async function importBody(context: Context, form: "onnx" | "profile-package"): Promise<ImportBody> {
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  if (bytes.byteLength === 0)
    throw new FedgeError("MESSAGE_MALFORMED", "the body is empty; send the ONNX file as the body");
  if (form === "onnx") return { onnx: bytes };
  const { onnx, ...profile } = decodeProfilePackage(bytes);
  if (onnx === null) throw new FedgeError("MESSAGE_MALFORMED", "the package holds no tensor `onnx`");
  return { onnx, profile };
}

function addExport(host: RouteHost, service: AggregatorService): void {
  rawRoute(host, {
    method: "get",
    path: "/v1/models/{model}/versions/{version}/export",
    tag: "models",
    summary: "A version as one file",
    access: "read",
    params: versionParams,
    query: exportQuery,
    produces: "application/octet-stream",
    respond: async ({ params, query }) => {
      const bytes = await service.exportVersion(params.model, params.version, query.format);
      return fileResponse(bytes, `${params.model}-v${params.version}.${query.format}`);
    },
  });
}

/** Both files under one path, so that `tf.loadLayersModel` can be given the URL of `model.json`. */
function addLayersExport(host: RouteHost, service: AggregatorService): void {
  rawRoute(host, {
    method: "get",
    path: "/v1/models/{model}/versions/{version}/tfjs/{file}",
    tag: "models",
    summary: "A version as a TensorFlow.js layers model, where it was imported from one",
    access: "read",
    params: layersFileParams,
    produces: "application/octet-stream",
    respond: async ({ params }) => {
      const bytes = await service.exportVersion(params.model, params.version, `tfjs/${params.file}`);
      return fileResponse(bytes, params.file);
    },
  });
}

function fileResponse(bytes: Uint8Array, fileName: string): Response {
  return new Response(bytes.slice(), {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Length": String(bytes.byteLength),
      "Content-Disposition": `attachment; filename="${fileName}"`,
      "Cache-Control": "no-store",
    },
  });
}
