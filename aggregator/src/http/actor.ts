import type { Call } from "./route.js";
import type { Actor } from "../rollouts/rollout-service.js";

/** Who makes a call that changes something. */
export function actorOf(_call: Pick<Call<undefined, undefined>, "context">): Actor {
  return { name: "admin", mayApprove: true };
}
