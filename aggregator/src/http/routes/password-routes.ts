import { personCaller } from "../../people/caller.js";
import { newPasswordPath } from "../../people/secrets.js";
import { remoteAddress } from "../remote-address.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { accountParams, callerBody, newPasswordRequest, passwordResetBody } from "../schema/people-schema.js";
import { setSessionCookie } from "../session-cookie.js";
import { callerView, type PeopleRouteOptions } from "./session-routes.js";

/** How somebody who forgot his password gets a new one. */
export function addPasswordRoutes(host: RouteHost, { people }: PeopleRouteOptions): void {
  jsonRoute(host, {
    method: "post",
    path: "/v1/accounts/{name}/password-reset",
    tag: "people",
    summary: "A link by which the person sets a new password, within 24 hours",
    access: "people",
    params: accountParams,
    result: passwordResetBody,
    status: 201,
    handle: async ({ params, caller, context }) => {
      const { code, account, expiresAtMs } = await people.resets.create(caller, params.name);
      const url = `${new URL(context.req.url).origin}${newPasswordPath(code)}`;
      return { code, url, account, expiresAtMs };
    },
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/password-resets/accept",
    tag: "people",
    summary: "Set the new password of a link, end the account's sessions, and sign in",
    access: "public",
    body: newPasswordRequest,
    result: callerBody,
    handle: async ({ body, context }) => {
      const account = await people.resets.use({ ...body, address: remoteAddress(context) });
      const { secret } = await people.sessions.begin(account);
      setSessionCookie(context, secret);
      return callerView(personCaller(account.name, account.role));
    },
  });
}
