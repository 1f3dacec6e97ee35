import { FedgeError, hasErrorCode } from "@fedge/protocol";
import type { Permission } from "../../aggregator/src/http/access.js";
import { ADMIN_TOKEN } from "../../aggregator/src/http/testing/app-double.js";

/** A person of the test; the password is the same for all. */
export interface Person {
  readonly name: string;
  readonly role: string;
  readonly permissions: readonly Permission[];
}

export const PASSWORD = "four random words here";
export const INVITATION = "c".repeat(43);

export const PEOPLE = {
  vera: { name: "vera", role: "viewer", permissions: [] },
  dana: { name: "dana", role: "data-scientist", permissions: ["tasks", "models", "rollouts"] },
  bob: { name: "bob", role: "operator", permissions: ["devices", "rollouts", "approve"] },
} as const satisfies Record<string, Person>;

const COOKIE = /fedge_session=([a-z]+)/;
const MACHINE = {
  name: "admin-token",
  role: "admin",
  permissions: ["tasks", "models", "devices", "rollouts", "approve", "people", "audit"],
};

/**
 * Sessions in memory, in front of an app: who is signed in by cookie acts with the app's own token as far as his
 * permissions go, so that pages meet what the real sessions show them.
 */
export class SessionDouble {
  readonly people = new Map<string, Person>(Object.values(PEOPLE).map((person) => [person.name, person]));
  /** False lets nobody read whom it does not know. */
  isOpen = true;

  constructor(private readonly app: { fetch(request: Request): Response | Promise<Response> }) {}

  readonly fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    try {
      if (pathname === "/v1/session") return await this.session(request);
      if (pathname === "/v1/invitations/accept") return await this.accept(request);
      return await this.app.fetch(this.asPerson(request, pathname));
    } catch (error) {
      if (!hasErrorCode(error)) throw error;
      const status = error.code === "ROLE_INSUFFICIENT" ? 403 : 401;
      return Response.json({ error: { code: error.code, message: error.message, details: {} } }, { status });
    }
  };

  private personOf(request: Request): Person | null {
    const name = COOKIE.exec(request.headers.get("Cookie") ?? "")?.[1];
    return name === undefined ? null : (this.people.get(name) ?? null);
  }

  private async session(request: Request): Promise<Response> {
    if (request.method === "DELETE") return signedIn({}, "");
    if (request.method === "GET") {
      if (request.headers.get("Authorization") === `Bearer ${ADMIN_TOKEN}`) return Response.json(MACHINE);
      const person = this.personOf(request);
      if (person === null && !this.isOpen) throw new FedgeError("TOKEN_INVALID", "you are not signed in");
      return Response.json(person ?? { name: null, role: null, permissions: [] });
    }
    const { name, password } = (await request.json()) as { name: string; password: string };
    const person = this.people.get(name);
    if (person === undefined || password !== PASSWORD) {
      throw new FedgeError("CREDENTIALS_INVALID", "the name or the password is wrong; try again");
    }
    return signedIn(person, name);
  }

  private async accept(request: Request): Promise<Response> {
    const { code, name } = (await request.json()) as { code: string; name: string };
    if (code !== INVITATION)
      throw new FedgeError("INVITATION_INVALID", "this invitation was used; ask for a new one");
    const person = { name, role: "admin", permissions: ["rollouts", "approve"] } as const;
    this.people.set(name, person);
    return signedIn(person, name);
  }

  private asPerson(request: Request, pathname: string): Request {
    if (!pathname.startsWith("/v1/") || request.headers.has("Authorization")) return request;
    const person = this.personOf(request);
    const isRead = request.method === "GET" || pathname.endsWith("/preview");
    if (person === null) {
      if (!this.isOpen) throw new FedgeError("TOKEN_INVALID", "you are not signed in");
      if (!isRead) return request;
    } else if (!isRead && !person.permissions.includes(permissionOf(pathname))) {
      throw new FedgeError("ROLE_INSUFFICIENT", `the role ${person.role} may not do this`);
    }
    const headers = new Headers(request.headers);
    headers.set("Authorization", `Bearer ${ADMIN_TOKEN}`);
    return new Request(request, { headers });
  }
}

function permissionOf(pathname: string): Permission {
  if (/\/(approve|deny)$/.test(pathname)) return "approve";
  return pathname.startsWith("/v1/devices") ? "devices" : "rollouts";
}

function signedIn(body: object, name: string): Response {
  const expiry = name === "" ? "; Max-Age=0" : "";
  const cookie = `fedge_session=${name}; Path=/; HttpOnly; SameSite=Strict${expiry}`;
  return Response.json(body, { headers: { "Set-Cookie": cookie } });
}
