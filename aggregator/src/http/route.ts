import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { FedgeError, errorCodeOf } from "@fedge/protocol";
import type { Context } from "hono";
import type { Audit, AuditDraft } from "../audit/audit.js";
import type { Caller } from "../people/caller.js";
import { requireAccess, type Access, type AccessOptions } from "./access.js";
import { fieldError } from "./errors.js";
import { errorBody } from "./schema/basic-schema.js";

/** Where routes are put: the app, its document, who may call, and where it is written down. */
export interface RouteHost {
  readonly app: OpenAPIHono;
  readonly access: AccessOptions;
  readonly audit: Audit;
}

type ParsedObject = z.ZodObject | undefined;
type Output<T> = T extends z.ZodType ? z.output<T> : undefined;

export interface Call<P, Q> {
  readonly params: Output<P>;
  readonly query: Output<Q>;
  readonly context: Context;
  readonly caller: Caller;
  /** Name of the caller in the audit log. */
  readonly actor: string;
}

/** What a call did, for the audit log. */
export type AuditedAct = Pick<AuditDraft, "action" | "subject"> &
  Partial<Pick<AuditDraft, "actor" | "details">>;

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
  /**
   * What to write down, for what does not write its own entry with the change: first that it was asked, with `null` for the
   * result, and then what came of it. A kill between leaves an entry without an outcome, never a change without an entry.
   */
  readonly audit?: (
    call: Call<P, Q> & { readonly body: Output<B> },
    result: z.output<R> | null,
  ) => AuditedAct;
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
    const whole = { ...call, body: body as Output<B> };
    const { audit } = route;
    const run = (): Promise<z.output<R>> => route.handle(whole);
    const acted = (result: z.output<R> | null): AuditedAct => audit?.(whole, result) as AuditedAct;
    const result = await (audit === undefined ? run() : writtenDown(host, call, { run, acted }));
    call.context.header("Cache-Control", "no-store");
    return call.context.json(result as object, status);
  });
}

/** Writes to the audit log what the caller of a route did, and with which token. */
export async function writeDown(
  host: Pick<RouteHost, "audit">,
  { caller, actor }: Pick<Call<undefined, undefined>, "caller" | "actor">,
  { details = {}, ...act }: AuditedAct,
): Promise<void> {
  const by = caller.token === null ? {} : { token: caller.token };
  await host.audit.append({ actor, ...act, details: { ...details, ...by } });
}

/** Writes down that the act was asked, does it, and writes down what came of it. Not done unless the first is durable. */
async function writtenDown<T>(
  host: Pick<RouteHost, "audit">,
  call: Pick<Call<undefined, undefined>, "caller" | "actor">,
  { run, acted }: { readonly run: () => Promise<T>; readonly acted: (result: T | null) => AuditedAct },
): Promise<T> {
  const asked = acted(null);
  await writeDown(host, call, { ...asked, action: `${asked.action}-asked` });
  let result: T;
  try {
    result = await run();
  } catch (error) {
    const details = { ...asked.details, code: errorCodeOf(error) };
    await writeDown(host, call, { ...asked, action: `${asked.action}-refused`, details });
    throw error;
  }
  await writeDown(host, call, acted(result));
  return result;
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
    ...(route.access === "public" ? {} : { security: [{ bearer: [] }, { session: [] }] }),
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
    const caller = await requireAccess(context, route.access, host.access);
    const params = parsed("path", route.params, context.req.param());
    const query = parsed("query", route.query, context.req.query());
    return respond({ params, query, context, caller, actor: caller.name ?? "anonymous" });
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
