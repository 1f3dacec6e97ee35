import { useState } from "react";
import type { RolloutData } from "../data/api-types.js";
import { refusalReason } from "../data/session.js";
import { useSession } from "../data/session-context.js";
import { ActionButton } from "../parts/action-button.js";
import { ConfirmDialog } from "../parts/confirm-dialog.js";
import { hrefOf } from "../shell/route.js";
import { deleteRefusal, editRefusal, hasStarted } from "./commands.js";
import { editItem } from "./new-rollout.js";

/** Changes what has not started, and takes away what has not started or is over. */
export function PlanActions(props: {
  readonly rollout: RolloutData;
  readonly onDeleted: (rolloutId: RolloutData["rolloutId"]) => void;
}) {
  const { rollout } = props;
  const { session } = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const role = refusalReason(session, "propose");
  return (
    <>
      <ActionButton
        label="Edit"
        refusal={role ?? editRefusal(rollout)}
        onPress={() => window.location.assign(hrefOf("rollouts", editItem(rollout.rolloutId)))}
        testId="edit"
      />
      <ActionButton
        label={hasStarted(rollout) ? "Hide" : "Delete"}
        tone="danger"
        refusal={role ?? deleteRefusal(rollout)}
        onPress={() => setIsAsking(true)}
        testId="delete"
      />
      {isAsking && <DeleteDialog {...props} onClose={() => setIsAsking(false)} />}
    </>
  );
}

function DeleteDialog(props: {
  readonly rollout: RolloutData;
  readonly onDeleted: (rolloutId: RolloutData["rolloutId"]) => void;
  readonly onClose: () => void;
}) {
  const { rollout, onDeleted, onClose } = props;
  const { api } = useSession();
  const label = hasStarted(rollout) ? "Hide" : "Delete";
  const remove = async (): Promise<void> => {
    await api.delete(`/v1/rollouts/${encodeURIComponent(rollout.rolloutId)}`);
    window.location.assign(hrefOf("rollouts"));
    onDeleted(rollout.rolloutId);
  };
  return (
    <ConfirmDialog
      title={`${label}: ${rollout.rolloutId}?`}
      confirmLabel={label}
      isDangerous
      wantsReason={false}
      onConfirm={remove}
      onClose={onClose}
      testId="dialog"
    >
      <p>
        {hasStarted(rollout)
          ? "It disappears from the list. What it did stays in its history, in the timelines of its devices and in the audit log."
          : "It never starts. No device has heard of it; the audit log keeps who made it and who deleted it."}
      </p>
    </ConfirmDialog>
  );
}
