import { FedgeError } from "@fedge/protocol";
import { z } from "@hono/zod-openapi";
import { personCaller, type Caller } from "../../people/caller.js";
import type { HttpAppOptions } from "../ports.js";
import { remoteAddress } from "../remote-address.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { callerBody, passwordRequest, signInRequest } from "../schema/people-schema.js";
import { clearSessionCookie, sessionCookie, setSessionCookie } from "../session-cookie.js";

export type PeopleRouteOptions = Pick<HttpAppOptions, "people">;

/** `/v1/session`: sign in, sign out, and who one is. */
export function addSessionRoutes(host: RouteHost, { people }: PeopleRouteOptions): void {
  jsonRoute(host, {
    method: "post",
    path: "/v1/session",
    tag: "people",
    summary: "Sign in; the answer sets the session's cookie",
    access: "public",
    body: signInRequest,
    result: callerBody,
    handle: async ({ body, context }) => {
      const { secret, account } = await people.sessions.signIn({ ...body, address: remoteAddress(context) });
      setSessionCookie(context, secret);
      return callerView(personCaller(account.name, account.role));
    },
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/session",
    tag: "people",
    summary: "Who the caller is and what he may do; without a name where anybody may read",
    access: "read",
    result: callerBody,
    handle: ({ caller }) => Promise.resolve(callerView(caller)),
  });
  addEndings(host, people);
}

function addEndings(host: RouteHost, people: PeopleRouteOptions["people"]): void {
  jsonRoute(host, {
    method: "delete",
    path: "/v1/session",
    tag: "people",
    summary: "Sign out; nothing happens to who is not signed in",
    access: "public",
    result: z.object({}),
    handle: async ({ context }) => {
      const secret = sessionCookie(context);
      if (secret !== null) await people.sessions.signOut(secret);
      clearSessionCookie(context);
      return {};
    },
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/session/password",
    tag: "people",
    summary: "Change one's own password; ends the account's other sessions",
    access: "signed-in",
    body: passwordRequest,
    result: z.object({}),
    handle: async ({ body, caller, context }) => {
      const name = personOf(caller);
      await people.sessions.changePassword({ name, ...body, secret: sessionCookie(context) });
      return {};
    },
  });
}

/** What a page may know of the caller. */
export function callerView({ kind, name, role, permissions }: Caller): z.output<typeof callerBody> {
  return { kind, name, role, permissions };
}

function personOf({ kind, name }: Caller): string {
  if (kind === "person" && name !== null) return name;
  throw new FedgeError(
    "ROLE_INSUFFICIENT",
    "only a person who is signed in has a password to change; sign in",
  );
}
