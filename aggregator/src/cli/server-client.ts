import { FedgeError, fromWireError, type WireError } from "@fedge/protocol";
import type { z } from "@hono/zod-openapi";
import { errorBody } from "../http/schema/basic-schema.js";

export interface ServerClientOptions {
  readonly server: string;
  readonly token: string | null;
  /** Cookie of a person's session, which stands for a token. */
  readonly cookie?: string;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** How long an answer may take; moving a model may take longer. */
const ANSWER_MS = 30_000;
const TRANSFER_MS = 600_000;

/**
 * An aggregator's HTTP interface. Every method throws what the server said as FedgeError, SERVER_UNREACHABLE when
 * nothing answers or something else does, and DEADLINE_EXCEEDED when the answer does not come.
 */
export class ServerClient {
  constructor(private readonly options: ServerClientOptions) {}

  async get<S extends z.ZodType>(path: string, schema: S, query: Query = {}): Promise<z.output<S>> {
    return this.decode(await this.request(path, { query }), schema);
  }

  post<S extends z.ZodType>(path: string, schema: S, body?: unknown): Promise<z.output<S>> {
    return this.send("POST", path, { schema, body });
  }

  put<S extends z.ZodType>(path: string, schema: S, body: unknown): Promise<z.output<S>> {
    return this.send("PUT", path, { schema, body });
  }

  delete<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
    return this.send("DELETE", path, { schema });
  }

  private async send<S extends z.ZodType>(
    method: string,
    path: string,
    { schema, body }: { readonly schema: S; readonly body?: unknown },
  ): Promise<z.output<S>> {
    const init =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    return this.decode(await this.request(path, { method, ...init }), schema);
  }

  /** A client in the session of a person who signs in, as the server's own page does. */
  async signIn(credentials: { readonly name: string; readonly password: string }): Promise<ServerClient> {
    const { server } = this.options;
    const json = { body: JSON.stringify(credentials), headers: { "Content-Type": "application/json" } };
    const anonymous = new ServerClient({ server, token: null });
    const response = await anonymous.request("/v1/session", { method: "POST", ...json });
    const cookie = response.headers.get("Set-Cookie")?.split(";")[0];
    if (cookie === undefined) throw this.stranger("it signs nobody in");
    return new ServerClient({ server, token: null, cookie });
  }

  /** Sends bytes as the body. */
  async upload<S extends z.ZodType>(
    path: string,
    schema: S,
    upload: { readonly query: Query; readonly bytes: Uint8Array<ArrayBuffer> },
  ): Promise<z.output<S>> {
    const headers = { "Content-Type": "application/octet-stream" };
    const init = { method: "POST", query: upload.query, body: upload.bytes, headers, timeoutMs: TRANSFER_MS };
    return this.decode(await this.request(path, init), schema);
  }

  async download(path: string, query: Query = {}): Promise<Uint8Array> {
    const response = await this.request(path, { query, timeoutMs: TRANSFER_MS });
    return new Uint8Array(await response.arrayBuffer());
  }

  private async request(
    path: string,
    init: RequestInit & { query?: Query; timeoutMs?: number },
  ): Promise<Response> {
    const { query, timeoutMs, headers, ...rest } = init;
    const url = new URL(`${this.options.server}${path}`);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const signal = AbortSignal.timeout(timeoutMs ?? ANSWER_MS);
    const response = await fetch(url, { ...rest, headers: { ...headers, ...this.identity() }, signal }).catch(
      (cause: unknown) => Promise.reject(this.unreachable(cause)),
    );
    if (response.ok) return response;
    throw await this.refused(response);
  }

  private identity(): Record<string, string> {
    const { server, token, cookie } = this.options;
    if (cookie !== undefined) return { Cookie: cookie, Origin: new URL(server).origin };
    return token === null ? {} : { Authorization: `Bearer ${token}` };
  }

  private unreachable(cause: unknown): FedgeError {
    const { server } = this.options;
    if (cause instanceof DOMException && cause.name === "TimeoutError") {
      return new FedgeError(
        "DEADLINE_EXCEEDED",
        `the aggregator at ${server} did not answer in time; look at its log, then try again`,
        { cause, details: { server } },
      );
    }
    return new FedgeError(
      "SERVER_UNREACHABLE",
      `no aggregator answers at ${server} (${reasonOf(cause)}); start one with \`fedge serve\`, or name another with --server or FEDGE_SERVER`,
      { cause, details: { server } },
    );
  }

  private async refused(response: Response): Promise<FedgeError> {
    const parsed = errorBody.safeParse(await readJson(response));
    if (!parsed.success) return this.stranger(`it answered with status ${response.status}`);
    const wire: WireError = parsed.data.error;
    if (wire.code !== "TOKEN_INVALID") return fromWireError(wire);
    const { server, token } = this.options;
    const what = token === null ? "wants a token" : "does not accept this token";
    return new FedgeError(
      "TOKEN_INVALID",
      `the aggregator at ${server} ${what}; give an API token or the admin token with --token or FEDGE_TOKEN, or its state directory with --state or FEDGE_STATE`,
      { details: { server } },
    );
  }

  private async decode<S extends z.ZodType>(response: Response, schema: S): Promise<z.output<S>> {
    const parsed = schema.safeParse(await readJson(response));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw this.stranger(`its answer has an unexpected field "${issue?.path.map(String).join(".") ?? ""}"`);
  }

  private stranger(what: string): FedgeError {
    const { server } = this.options;
    return new FedgeError(
      "SERVER_UNREACHABLE",
      `what answers at ${server} is no Fedge aggregator of this version (${what}); check --server or FEDGE_SERVER`,
      { details: { server } },
    );
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined; // no schema accepts it, so the caller says what answered
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return error instanceof Error ? error.message : String(error);
}
