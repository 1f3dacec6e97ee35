import { randomUUID } from "node:crypto";
import { FedgeError, fromWireError, type WireError } from "@fedge/protocol";
import type { Role } from "../../people/roles.js";
import type { RunningServer } from "../../server.js";

/** Somebody who is signed in, as a browser would be: by a session's cookie and from the server's own page. */
export class Person {
  constructor(
    readonly name: string,
    private readonly at: { readonly httpUrl: string; readonly cookie: string },
  ) {}

  /** Throws what the server says as FedgeError. */
  async send(method: "POST" | "PUT", path: string, body: unknown): Promise<unknown> {
    return (await this.#send({ method, path, body: JSON.stringify(body) })).body;
  }

  /** Throws as `send`. */
  async upload(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<unknown> {
    const headers = { "Content-Type": "application/octet-stream" };
    return (await this.#send({ method: "POST", path, body: bytes, headers })).body;
  }

  /** Throws as `send`. */
  async get(path: string): Promise<unknown> {
    return (await this.#send({ method: "GET", path, body: null })).body;
  }

  #send(what: Sent): ReturnType<typeof send> {
    const { httpUrl, cookie } = this.at;
    return send(httpUrl, { ...what, headers: { ...what.headers, Cookie: cookie } });
  }
}

/** A data scientist and an operator, who were invited by an administrator, who used the link of the first start. */
export interface People {
  readonly scientist: Person;
  readonly operator: Person;
}

/** Makes the accounts over HTTP, as people do. */
export async function invitePeople({ httpUrl, firstInvitationUrl }: RunningServer): Promise<People> {
  const code = firstInvitationUrl?.split(/[/=#]/).at(-1);
  if (code === undefined)
    throw new FedgeError("INTERNAL", "the state directory has accounts; rehearse in an empty one");
  const administrator = await accept(httpUrl, { code, name: "grace" });
  const invite = async (name: string, role: Role): Promise<Person> => {
    const invitation = await administrator.send("POST", "/v1/invitations", { name, role });
    return accept(httpUrl, { code: String((invitation as { readonly code: unknown }).code), name });
  };
  return { scientist: await invite("ada", "data-scientist"), operator: await invite("bob", "operator") };
}

async function accept(
  httpUrl: string,
  { code, name }: { readonly code: string; readonly name: string },
): Promise<Person> {
  const body = JSON.stringify({ code, name, password: randomUUID() });
  const { cookie } = await send(httpUrl, { method: "POST", path: "/v1/invitations/accept", body });
  if (cookie === null) throw new FedgeError("INTERNAL", "the server began no session for a new account");
  return new Person(name, { httpUrl, cookie });
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(
  httpUrl: string,
  { method, path, body, headers }: Sent,
): Promise<{ readonly body: unknown; readonly cookie: string | null }> {
  const response = await fetch(`${httpUrl}${path}`, {
    method,
    headers: { "Content-Type": "application/json", ...headers, Origin: httpUrl },
    body,
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw fromWireError((answer as { readonly error: WireError }).error);
  return { body: answer, cookie: response.headers.get("Set-Cookie")?.split(";")[0] ?? null };
}
