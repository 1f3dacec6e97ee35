import type { z } from "@hono/zod-openapi";
import type { AlertAct, DriftService } from "../../drift/drift-service.js";
import type { Access } from "../access.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { alertParams, decisionBody, driftAlert, silenceBody } from "../schema/drift-schema.js";

interface ActRoute<B extends z.ZodType | undefined> {
  readonly name: string;
  readonly summary: string;
  readonly body?: B;
  readonly access?: Access;
  actOf(by: string, body: B extends z.ZodType ? z.output<B> : undefined): AlertAct;
}

/** What people do with alerts; each is written down with who did it. */
export function addAlertActRoutes(host: RouteHost, drift: DriftService, nowMs: () => number): void {
  const add = <B extends z.ZodType | undefined>(route: ActRoute<B>): void => {
    const { name, summary, body, access = "propose", actOf } = route;
    jsonRoute(host, {
      method: "post",
      path: `/v1/drift/alerts/{alertId}/${name}`,
      tag: "drift",
      ...{ summary, access, params: alertParams, result: driftAlert },
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
      handle: ({ params, body: said, actor }) => drift.act(params.alertId, actOf(actor, said as never)),
    });
  };
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
  add({
    ...{ name: "proposal", summary: "Confirm or dismiss the training that a critical alert proposes" },
    ...{ body: decisionBody, access: "tasks" as const },
    actOf: (by, { confirm }) => ({ type: "decide", by, isConfirmed: confirm }),
  });
}
