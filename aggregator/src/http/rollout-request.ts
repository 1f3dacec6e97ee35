import { FedgeError } from "@fedge/protocol";
import { rolloutConfig, type RolloutConfig } from "../rollouts/rollout-config.js";
import { defaultRolloutId } from "../rollouts/default-rollout-id.js";
import { expandTemplate } from "../rollouts/templates.js";
import { fieldError } from "./errors.js";

/** Names of routes beside those of single rollouts. */
const RESERVED_IDS: ReadonlySet<string> = new Set(["templates", "preview"]);

/**
 * The rollout that a request describes, whole or by a template.
 * Throws OPTION_INVALID with every field at fault, or for a template that does not exist.
 */
export function rolloutRequested(body: Readonly<Record<string, unknown>>, nowMs: number): RolloutConfig {
  const { template, ...given } = body;
  if (template === undefined) return checkedRollout(given);
  if (typeof template !== "string") {
    throw fieldError("body", [{ path: ["template"], message: "the name of a template" }]);
  }
  const { model, version } = given;
  const rolloutId =
    typeof model === "string" && typeof version === "number"
      ? defaultRolloutId(model, version, nowMs)
      : undefined;
  return checkedRollout({ rolloutId, ...expandTemplate(template, given) });
}

function checkedRollout(value: unknown): RolloutConfig {
  const result = rolloutConfig.safeParse(value);
  if (!result.success) throw fieldError("body", result.error.issues);
  if (!RESERVED_IDS.has(result.data.rolloutId)) return result.data;
  throw new FedgeError("OPTION_INVALID", `no rollout can be named ${result.data.rolloutId}; choose another`);
}
