import type { NewInvitation } from "../../people/accounts.js";
import { personCaller } from "../../people/caller.js";
import { invitationPath } from "../../people/secrets.js";
import { remoteAddress } from "../remote-address.js";
import { jsonRoute, type RouteHost } from "../route.js";
import {
  acceptRequest,
  accountBody,
  accountChange,
  accountList,
  accountParams,
  callerBody,
  invitationBody,
  invitationRequest,
  newTokenBody,
  tokenBody,
  tokenList,
  tokenParams,
  tokenRequest,
} from "../schema/people-schema.js";
import { setSessionCookie } from "../session-cookie.js";
import { callerView, type PeopleRouteOptions } from "./session-routes.js";

/** `/v1/accounts`, `/v1/invitations` and `/v1/tokens`: who may come in. */
export function addAccountRoutes(host: RouteHost, options: PeopleRouteOptions): void {
  addAccounts(host, options);
  addInvitations(host, options);
  addTokens(host, options);
}

function addAccounts(host: RouteHost, { people }: PeopleRouteOptions): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/accounts",
    tag: "people",
    summary: "Every account, by name",
    access: "people",
    result: accountList,
    handle: async () => ({ accounts: await people.accounts.list() }),
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/accounts/{name}",
    tag: "people",
    summary: "Give an account another role, disable it, or let it in again",
    access: "people",
    params: accountParams,
    body: accountChange,
    result: accountBody,
    handle: ({ params, body: { role, disabled }, caller }) =>
      people.accounts.change(caller, params.name, {
        ...(role === undefined ? {} : { role }),
        ...(disabled === undefined ? {} : { disabled }),
      }),
  });
}

function addInvitations(host: RouteHost, { people }: PeopleRouteOptions): void {
  jsonRoute(host, {
    method: "post",
    path: "/v1/invitations",
    tag: "people",
    summary: "A link that makes one account, within 24 hours",
    access: "people",
    body: invitationRequest,
    result: invitationBody,
    status: 201,
    handle: async ({ body: { role, name = null }, caller, context }) =>
      invitationView(await people.accounts.invite(caller, { role, name }), new URL(context.req.url).origin),
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/invitations/accept",
    tag: "people",
    summary: "Make the account of an invitation and sign in",
    access: "public",
    body: acceptRequest,
    result: callerBody,
    status: 201,
    handle: async ({ body, context }) => {
      const account = await people.accounts.accept({ ...body, address: remoteAddress(context) });
      const { secret } = await people.sessions.begin(account);
      setSessionCookie(context, secret);
      return callerView(personCaller(account.name, account.role));
    },
  });
}

function invitationView({ code, role, name, expiresAtMs }: NewInvitation, origin: string) {
  return { code, url: `${origin}${invitationPath(code)}`, role, name, expiresAtMs };
}

function addTokens(host: RouteHost, { people }: PeopleRouteOptions): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/tokens",
    tag: "people",
    summary: "One's own API tokens, newest first; an administrator sees everybody's",
    access: "signed-in",
    result: tokenList,
    handle: async ({ caller }) => ({ tokens: await people.tokens.list(caller) }),
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/tokens",
    tag: "people",
    summary: "An API token with at most one's own role",
    access: "signed-in",
    body: tokenRequest,
    result: newTokenBody,
    status: 201,
    handle: ({ body, caller }) => people.tokens.create(caller, body),
  });
  jsonRoute(host, {
    method: "delete",
    path: "/v1/tokens/{tokenId}",
    tag: "people",
    summary: "Revoke an API token",
    access: "signed-in",
    params: tokenParams,
    result: tokenBody,
    handle: ({ params, caller }) => people.tokens.revoke(caller, params.tokenId),
  });
}
