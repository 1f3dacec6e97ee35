import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { FedgeError, type DeviceId } from "@fedge/protocol";
import type { Context } from "hono";
import { requireAccess, type Access, type AccessOptions } from "./access.js";
import { fieldError } from "./errors.js";
import { errorBody } from "./schema/basic-schema.js";

/** Where routes are put: the app, its document, and who may call. */
export interface RouteHost {
  readonly app: OpenAPIHono;
  readonly access: AccessOptions;
}

type ParsedObject = z.ZodObject | undefined;
type Output<T> = T extends z.ZodType ? z.output<T> : undefined;

export interface Call<P, Q> {
  readonly params: Output<P>;
  readonly query: Output<Q>;
  readonly context: Context;
  /** The device that calls, when a device does. */
  readonly device: DeviceId | null;
}

interface RouteSpec<P extends ParsedObject, Q extends ParsedObject> {
  readonly method: "get" | "post" | "put" | "delete";
  /** OpenAPI path, such as `/v1/tasks/{taskId}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: P;
  readonly query?: Q;
}

export interface JsonRoute<
  P extends ParsedObject,
  Q extends ParsedObject,
  B extends z.ZodType | undefined,
  R extends z.ZodType,
> extends RouteSpec<P, Q> {
  readonly body?: B;
  readonly result: R;
  /** 200 unless given. */
  readonly status?: 200 | 201;
  handle(call: Call<P, Q> & { readonly body: Output<B> }): Promise<z.output<R>>;
}

export interface RawRoute<P extends ParsedObject, Q extends ParsedObject> extends RouteSpec<P, Q> {
  /** Media type of the request's body, when it has one. */
  readonly consumes?: string;
  readonly produces: string;
  readonly status?: 200 | 201;
  /** Schema of what it produces; bytes unless given. */
  readonly result?: z.ZodType;
  respond(call: Call<P, Q>): Promise<Response>;
}

/** Adds a route that takes and gives JSON: documented, guarded, and checked field by field. */
export function jsonRoute<
  R extends z.ZodType,
  P extends ParsedObject = undefined,
  Q extends ParsedObject = undefined,
  B extends z.ZodType | undefined = undefined,
>(host: RouteHost, route: JsonRoute<P, Q, B, R>): void {
  const status = route.status ?? 200;
  document(host, route, {
    ...(route.body === undefined ? {} : { body: content("application/json", route.body) }),
    ok: { status, ...content("application/json", route.result) },
  });
  listen(host, route, async (call) => {
    const body = route.body === undefined ? undefined : await readJson(call.context, route.body);
    const result = await route.handle({ ...call, body: body as Output<B> });
    call.context.header("Cache-Control", "no-store");
    return call.context.json(result as object, status);
  });
}

/** Adds a route that answers with bytes or text of its own. */
export function rawRoute<P extends ParsedObject = undefined, Q extends ParsedObject = undefined>(
  host: RouteHost,
  route: RawRoute<P, Q>,
): void {
  const bytes = z.string().openapi({ type: "string", format: "binary" });
  document(host, route, {
    ...(route.consumes === undefined ? {} : { body: content(route.consumes, bytes) }),
    ok: { status: route.status ?? 200, ...content(route.produces, route.result ?? bytes) },
  });
  listen(host, route, (call) => route.respond(call));
}

function content(mediaType: string, schema: z.ZodType) {
  return { content: { [mediaType]: { schema } } };
}

function document<P extends ParsedObject, Q extends ParsedObject>(
  host: RouteHost,
  route: RouteSpec<P, Q>,
  parts: {
    readonly body?: ReturnType<typeof content>;
    readonly ok: { status: number } & ReturnType<typeof content>;
  },
): void {
  const { status, ...ok } = parts.ok;
  host.app.openAPIRegistry.registerPath({
    method: route.method,
    path: route.path,
    tags: [route.tag],
    summary: route.summary,
    ...(route.access === "public" ? {} : { security: [{ bearer: [] }] }),
    request: {
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(parts.body === undefined ? {} : { body: { required: true, ...parts.body } }),
    },
    responses: {
      [status]: { description: route.summary, ...ok },
      default: { description: "What went wrong and what to do", ...content("application/json", errorBody) },
    },
  });
}

function listen<P extends ParsedObject, Q extends ParsedObject>(
  host: RouteHost,
  route: RouteSpec<P, Q>,
  respond: (call: Call<P, Q>) => Promise<Response>,
): void {
  const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
  host.app.on(route.method.toUpperCase(), path, async (context: Context) => {
    const device = await requireAccess(context, route.access, host.access);
    const params = parsed("path", route.params, context.req.param());
    const query = parsed("query", route.query, context.req.query());
    return respond({ params, query, context, device });
  });
}

function parsed<S extends ParsedObject>(what: string, schema: S | undefined, value: unknown): Output<S> {
  if (schema === undefined) return undefined as Output<S>;
  const result = schema.safeParse(value);
  if (!result.success) throw fieldError(what, result.error.issues);
  return result.data as Output<S>;
}

async function readJson(context: Context, schema: z.ZodType): Promise<unknown> {
  // A form or a plain-text body is what a foreign page can send without asking first.
  const mediaType = context.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new FedgeError("MESSAGE_MALFORMED", "send the body as JSON with `Content-Type: application/json`");
  }
  const result = schema.safeParse(parseJson(await context.req.text()));
  if (!result.success) throw fieldError("body", result.error.issues);
  return result.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FedgeError("MESSAGE_MALFORMED", `the body is not JSON: ${(cause as Error).message}`, { cause });
  }
}
