import type { z } from "@hono/zod-openapi";
import type { AlertAct } from "../../drift/alerts/alert-machine.js";
import type { DriftService } from "../../drift/drift-service.js";
import type { Access } from "../access.js";
import { requireReleaseRight } from "../release-right.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { actQuery, alertParams, decisionBody, driftAlert, silenceBody } from "../schema/drift-schema.js";

interface ActRoute<B extends z.ZodType | undefined> {
  readonly name: string;
  readonly summary: string;
  readonly body?: B;
  readonly access?: Access;
  actOf(by: string, body: B extends z.ZodType ? z.output<B> : undefined): AlertAct;
}

type AddAct = <B extends z.ZodType | undefined>(route: ActRoute<B>) => void;

/** One route; what was done is written down with who did it. */
function addingTo(host: RouteHost, drift: DriftService): AddAct {
  return <B extends z.ZodType | undefined>(route: ActRoute<B>): void => {
    const { name, summary, body, access = "propose", actOf } = route;
    jsonRoute(host, {
      method: "post",
      path: `/v1/drift/alerts/{alertId}/${name}`,
      tag: "drift",
      ...{ summary, access, params: alertParams, query: actQuery, result: driftAlert },
      ...(body === undefined ? {} : { body }),
      audit: ({ params, body: said }, alert) => ({
        action: `drift.${name}`,
        subject: params.alertId,
        details: {
          model: alert?.model,
          kind: alert?.evidence.kind,
          feature: alert?.evidence.feature,
          ...(said as object | undefined),
        },
      }),
      handle: ({ params, query, body: said, actor }) =>
        drift.act(params.alertId, actOf(actor, said as never), query.revision),
    });
  };
}

/** What people do with alerts. */
export function addAlertActRoutes(host: RouteHost, drift: DriftService, nowMs: () => number): void {
  const add = addingTo(host, drift);
  add({
    ...{ name: "ack", summary: "Take an alert on: it has an owner" },
    actOf: (by) => ({ type: "acknowledge", by }),
  });
  add({
    ...{ name: "silence", summary: "Tell nothing of an alert for a while", body: silenceBody },
    actOf: (by, { forMs }) => ({ type: "silence", by, untilMs: nowMs() + forMs }),
  });
  add({
    ...{ name: "false-alarm", summary: "End an alert as a false alarm; its feature's page suggests a floor" },
    actOf: (by) => ({ type: "false-alarm", by }),
  });
  add({
    ...{ name: "resolve", summary: "End an alert" },
    actOf: (by) => ({ type: "resolve", by }),
  });
  addDecisionRoute(host, drift);
}

/** A confirmation begins the training: the one entry of the audit log says who did and which task it is. */
function addDecisionRoute(host: RouteHost, drift: DriftService): void {
  jsonRoute(host, {
    method: "post",
    path: "/v1/drift/alerts/{alertId}/proposal",
    tag: "drift",
    summary: "Begin, or dismiss, the training that a critical alert proposes",
    access: "tasks",
    ...{ params: alertParams, query: actQuery, body: decisionBody, result: driftAlert },
    audit: ({ params, body: { confirm } }, alert) => ({
      action: "drift.proposal",
      subject: params.alertId,
      details: {
        ...{ model: alert?.model, kind: alert?.evidence.kind, feature: alert?.evidence.feature },
        ...{ confirm, taskId: alert?.proposal?.taskId ?? null },
      },
    }),
    handle: async ({ params, query, body: { confirm, task = null }, actor, caller }) => {
      if (task !== null) requireReleaseRight(caller, task);
      return drift.decide(params.alertId, { by: actor, isConfirmed: confirm, task }, query.revision);
    },
  });
}
