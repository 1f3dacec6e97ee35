import { overlaid } from "../../../src/rollouts/overlaid.js";
import type { RolloutData, TemplateAnswer } from "../data/api-types.js";
import type { DraftRequest } from "./draft.js";

export type PlannedConfig = RolloutData["config"];

/** The whole rollout that a request means; null while it is not whole, or its template is not known yet. */
export function planOf({ body }: DraftRequest, templates: TemplateAnswer["templates"]): PlannedConfig | null {
  if (body === null) return null;
  const { template: name, ...given } = body;
  if (name === undefined) return given as PlannedConfig;
  const template = templates.find((known) => known.name === name);
  // Made of the server's own template and the fields that the form checked.
  return template === undefined ? null : (overlaid(template.config, given) as PlannedConfig);
}
