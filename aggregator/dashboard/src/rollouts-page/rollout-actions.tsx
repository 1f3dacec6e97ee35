import { useState } from "react";
import type { RolloutData } from "../data/api-types.js";
import { useSession } from "../data/session-context.js";
import { ActionButton } from "../parts/action-button.js";
import { CommandDialog } from "./command-dialog.js";
import { PlanActions } from "./plan-actions.js";
import { COMMANDS, commandRefusal, type CommandLook } from "./commands.js";

interface Asked {
  readonly look: CommandLook;
  /** As it was when the person pressed the button. */
  readonly rollout: RolloutData;
}

/** What can be done to a rollout. Every button stays in its place; one that cannot be pressed says why. */
export function RolloutActions(props: {
  readonly rollout: RolloutData;
  readonly nowMs: number;
  readonly onChanged: (rollout: RolloutData) => void;
  readonly onDeleted: (rolloutId: RolloutData["rolloutId"]) => void;
}) {
  const { rollout, nowMs, onChanged } = props;
  const { session } = useSession();
  const [asked, setAsked] = useState<Asked | null>(null);
  const looks = COMMANDS.filter(({ permission }) => permission !== "approve" || rollout.config.needsApproval);
  return (
    <div className="rollout-actions" role="group" aria-label="Steer this rollout" data-testid="actions">
      {looks.map((look) => (
        <ActionButton
          key={look.command}
          label={look.label}
          tone={look.tone}
          refusal={commandRefusal(look, rollout, session)}
          onPress={() => setAsked({ look, rollout })}
          testId={`command-${look.command}`}
        />
      ))}
      <PlanActions rollout={rollout} onDeleted={props.onDeleted} />
      {asked !== null && (
        <CommandDialog {...asked} nowMs={nowMs} onChanged={onChanged} onClose={() => setAsked(null)} />
      )}
    </div>
  );
}
