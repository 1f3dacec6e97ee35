import type { Actor } from "../rollouts/rollout-service.js";
import type { Call } from "./route.js";

/** Who makes a call that changes a rollout. */
export function actorOf({ caller, actor }: Pick<Call<undefined, undefined>, "caller" | "actor">): Actor {
  return { name: actor, mayApprove: caller.permissions.includes("approve") };
}
