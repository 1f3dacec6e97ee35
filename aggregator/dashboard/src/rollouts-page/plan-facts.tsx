import { planLines } from "../../../src/rollouts/plan-text.js";
import type { PlannedConfig } from "./planned-config.js";

/** What was decided before the start: protocol, conditions on the device, gates, and what failures lead to. */
export function PlanFacts({ config }: { readonly config: PlannedConfig }) {
  return (
    <dl className="plan-facts" data-testid="plan">
      {planLines(config).map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
