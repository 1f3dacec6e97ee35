import type { Clock } from "../../clock/clock.js";
import { FedgeError } from "@fedge/protocol";
import type { RolloutService } from "../../rollouts/rollout-service.js";
import { ROLLOUT_COMMANDS, type RolloutCommand } from "../../rollouts/rollout-view.js";
import { ROLLOUT_TEMPLATES } from "../../rollouts/templates.js";
import type { Permission } from "../access.js";
import { actorOf } from "../actor.js";
import { rolloutRequested } from "../rollout-request.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { pageQuery } from "../schema/basic-schema.js";
import {
  commandRequest,
  editQuery,
  rolloutConfigBody,
  rolloutDeleted,
  rolloutHistory,
  rolloutList,
  rolloutParams,
  rolloutPreview,
  rolloutRequest,
  rolloutView,
  targetList,
  targetQuery,
  templateList,
} from "../schema/rollout-schema.js";

export interface RolloutRouteOptions {
  readonly rollouts: RolloutService;
  readonly clock: Clock;
}

const SUMMARIES: Readonly<Record<RolloutCommand, string>> = {
  approve: "Approve a rollout of somebody else",
  deny: "Deny a rollout; it never starts",
  start: "Start, or wait for the time that it is scheduled for",
  pause: "Tell no further device; what has begun goes on",
  resume: "Go on where it was paused",
  promote: "Pass the wave that waits for a person, and start the next",
  "retry-failed": "Give every device that failed another attempt",
  abort: "End it: no further device, and what has begun ends as the rollout says",
  rollback: "Bring every device that was told back to the version before",
};
const APPROVALS: ReadonlySet<RolloutCommand> = new Set(["approve", "deny"]);

/** `/v1/rollouts`: how versions reach the fleet, and what people decide about that. */
export function addRolloutRoutes(host: RouteHost, options: RolloutRouteOptions): void {
  addPlanRoutes(host, options);
  addReadRoutes(host, options);
  addChangeRoutes(host, options);
  for (const command of ROLLOUT_COMMANDS) addCommandRoute(host, options, command);
}

/** Before there is a rollout. Their paths come before those of single rollouts. */
function addPlanRoutes(host: RouteHost, { rollouts, clock }: RolloutRouteOptions): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/rollouts/templates",
    tag: "rollouts",
    summary: "Templates of rollouts; the first is the standard one",
    access: "read",
    result: templateList,
    handle: () =>
      Promise.resolve({
        templates: ROLLOUT_TEMPLATES.map(({ config, ...named }) => ({ ...named, config: { ...config } })),
      }),
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/rollouts/preview",
    tag: "rollouts",
    summary: "Which devices each wave would reach; nothing is created",
    access: "read",
    body: rolloutRequest,
    result: rolloutPreview,
    handle: async ({ body }) => rollouts.preview(rolloutRequested(body, clock.nowMs())),
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/rollouts",
    tag: "rollouts",
    summary: "Create a rollout; it does not start by itself",
    access: "propose",
    body: rolloutRequest,
    result: rolloutView,
    status: 201,
    handle: async (call) => rollouts.create(rolloutRequested(call.body, clock.nowMs()), actorOf(call)),
  });
}

function addReadRoutes(host: RouteHost, { rollouts }: RolloutRouteOptions): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/rollouts",
    tag: "rollouts",
    summary: "Rollouts, newest first",
    access: "read",
    query: pageQuery,
    result: rolloutList,
    handle: async ({ query }) => ({ rollouts: await rollouts.list(query) }),
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/rollouts/{rolloutId}",
    tag: "rollouts",
    summary: "One rollout with its waves and gates",
    access: "read",
    params: rolloutParams,
    result: rolloutView,
    handle: ({ params }) => rollouts.get(params.rolloutId),
  });
  addDetailRoutes(host, rollouts);
}

function addDetailRoutes(host: RouteHost, rollouts: RolloutService): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/rollouts/{rolloutId}/targets",
    tag: "rollouts",
    summary: "Devices of a rollout, and how far each is",
    access: "read",
    params: rolloutParams,
    query: targetQuery,
    result: targetList,
    handle: ({ params, query: { state, ...page } }) => rollouts.targets(params.rolloutId, page, state),
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/rollouts/{rolloutId}/history",
    tag: "rollouts",
    summary: "What happened to a rollout, by whom and why, oldest first",
    access: "read",
    params: rolloutParams,
    result: rolloutHistory,
    handle: async ({ params }) => ({ history: await rollouts.history(params.rolloutId) }),
  });
}

function addChangeRoutes(host: RouteHost, { rollouts }: RolloutRouteOptions): void {
  jsonRoute(host, {
    method: "put",
    path: "/v1/rollouts/{rolloutId}",
    tag: "rollouts",
    summary:
      "Replace a rollout that has not started, at the revision that was seen; an approval given before is void",
    access: "propose",
    params: rolloutParams,
    query: editQuery,
    body: rolloutConfigBody,
    result: rolloutView,
    handle: async (call) => {
      const { rolloutId } = call.params;
      if (call.body.rolloutId !== rolloutId) {
        throw new FedgeError(
          "OPTION_INVALID",
          `the body describes rollout ${call.body.rolloutId}, and the address ${rolloutId}; a rollout keeps its id`,
        );
      }
      const { revision } = call.query;
      const seen = revision === undefined ? {} : { revision };
      return rollouts.edit(rolloutId, call.body, { actor: actorOf(call), ...seen });
    },
  });
  jsonRoute(host, {
    method: "delete",
    path: "/v1/rollouts/{rolloutId}",
    tag: "rollouts",
    summary: "Delete a rollout; one that had started is hidden and keeps its history",
    access: "propose",
    params: rolloutParams,
    result: rolloutDeleted,
    handle: async (call) => {
      await rollouts.delete(call.params.rolloutId, actorOf(call));
      return { rolloutId: call.params.rolloutId };
    },
  });
}

function addCommandRoute(host: RouteHost, { rollouts }: RolloutRouteOptions, command: RolloutCommand): void {
  const access: Permission = APPROVALS.has(command) ? "approve" : "rollouts";
  jsonRoute(host, {
    method: "post",
    path: `/v1/rollouts/{rolloutId}/${command}`,
    tag: "rollouts",
    summary: SUMMARIES[command],
    access,
    params: rolloutParams,
    body: commandRequest,
    result: rolloutView,
    handle: async (call) => {
      const { reason, revision } = call.body;
      const seen = revision === undefined ? {} : { revision };
      return rollouts.command(call.params.rolloutId, command, { actor: actorOf(call), reason, ...seen });
    },
  });
}
