import { FedgeError, fromWireError, type WireError } from "@fedge/protocol";

type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiClientOptions {
  readonly token: string | null;
  /** The server does not know who asks any more: a session ended, or a token was revoked. */
  readonly onSignedOut?: () => void;
}

/** How long an answer may take. */
const ANSWER_MS = 30_000;

/**
 * The HTTP interface of the aggregator that served this page. Every method throws what the server said as FedgeError,
 * SERVER_UNREACHABLE when nothing of ours answers, DEADLINE_EXCEEDED when the answer does not come. Answers are of the
 * page's own server and its own version, so their shape is taken for granted.
 */
export class ApiClient {
  constructor(private readonly options: ApiClientOptions) {}

  get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const search = given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
    return this.request<T>(`${path}${search}`, signal === undefined ? {} : { signal });
  }

  post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return this.send<T>("POST", path, body, signal);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.send<T>("PUT", path, body);
  }

  private send<T>(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return this.request<T>(path, {
      method,
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  delete<T>(path: string): Promise<T> {
    return this.request<T>(path, { method: "DELETE" });
  }

  private async request<T>(path: string, init: RequestInit): Promise<T> {
    const deadline = AbortSignal.timeout(ANSWER_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, deadline]) : deadline;
    const { token } = this.options;
    const headers = { ...init.headers, ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
    const response = await fetch(path, { ...init, headers, signal, cache: "no-store" }).catch(
      (cause: unknown) => Promise.reject(unreachable(cause, init.signal)),
    );
    const body = await readJson(response);
    if (response.ok && body !== undefined) return body as T;
    const error = refusal(response, body);
    if (ENDED.has(error.code)) this.options.onSignedOut?.();
    throw error;
  }
}

const ENDED: ReadonlySet<string> = new Set(["TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_EXPIRED"]);

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined; // something in between answered; the caller says so
  }
}

function refusal(response: Response, body: unknown): FedgeError {
  if (isErrorBody(body)) return fromWireError(body.error);
  return new FedgeError(
    "SERVER_UNREACHABLE",
    `something else than the aggregator answered (status ${response.status}); reload the page, or look at the proxy before it`,
  );
}

function isErrorBody(body: unknown): body is { readonly error: WireError } {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  return typeof error === "object" && error !== null && "code" in error && "message" in error;
}

/** What the caller itself gave up stays an AbortError. */
function unreachable(cause: unknown, given: AbortSignal | null | undefined): unknown {
  if (given?.aborted === true) return cause;
  if (cause instanceof DOMException && cause.name === "TimeoutError") {
    return new FedgeError("DEADLINE_EXCEEDED", "the aggregator did not answer in time; try again", { cause });
  }
  return new FedgeError(
    "SERVER_UNREACHABLE",
    "the aggregator cannot be reached; it may be restarting: try again",
    { cause },
  );
}
