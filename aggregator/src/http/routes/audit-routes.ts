import type { HttpAppOptions } from "../ports.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { auditCheckBody, auditCheckQuery, auditList, auditQuery } from "../schema/audit-schema.js";

/** `/v1/audit`: who did what. There is no route that changes or deletes an entry. */
export function addAuditRoutes(host: RouteHost, audit: HttpAppOptions["audit"]): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/audit",
    tag: "audit",
    summary: "Who did what, newest first",
    access: "audit",
    query: auditQuery,
    result: auditList,
    handle: async ({ query: { limit, offset, since } }) => ({
      entries: await audit.list({ limit, offset, ...(since === undefined ? {} : { sinceMs: since }) }),
    }),
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/audit/verify",
    tag: "audit",
    summary: "Whether the log is whole, else the first entry at which it is not",
    access: "audit",
    query: auditCheckQuery,
    result: auditCheckBody,
    handle: ({ query: { seq, hash } }) =>
      audit.verify(seq === undefined || hash === undefined ? undefined : { seq, hash }),
  });
}
